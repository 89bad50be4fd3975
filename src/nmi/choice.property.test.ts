import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FakeImds } from "../../test/support/azure/fake-imds.ts";
import {
  addressOf,
  type BindingSpec,
  type IdentitySpec,
  keyOf,
  objectsOf,
  type PodSpec,
  type Query,
  queries,
  type World,
  worlds,
} from "../../test/support/choice-world.ts";
import { ask, nmiNode } from "../../test/support/nmi/node.ts";
import type { Identity } from "../api/identity.ts";
import { type Meta, objectKey } from "../api/meta.ts";
import type { Pod } from "../api/pod.ts";
import type { Token } from "../api/token-answer.ts";
import { type Clock, realClock } from "../base/clock.ts";
import { Secret } from "../base/secret.ts";
import { passOf } from "../identity/exception.ts";

type Rules = { managed: boolean; confined: boolean; exceptionNamespaces: readonly string[] };

const isSame = (a: string, b: string) => a.toUpperCase() === b.toUpperCase();

/** The rules as the docs tell them, said as plainly as can be: who gets what. */
function due(world: World, caller: PodSpec, query: Query, rules: Rules): string {
  for (const exception of world.exceptions) {
    const counts = rules.exceptionNamespaces.length === 0 || rules.exceptionNamespaces.includes(caller.ns);
    if (counts && exception.ns === caller.ns && isSame(exception.app, caller.app)) return "excepted";
  }
  let best: { binding: BindingSpec; identity: IdentitySpec } | undefined;
  for (const binding of world.bindings) {
    for (const identity of world.identities) {
      if (caller.selector === "" || binding.selector !== caller.selector) continue;
      if (identity.ns !== binding.ns || identity.name !== binding.identity) continue;
      const isForeign = identity.ns !== caller.ns;
      if (isForeign && (rules.managed || rules.confined || identity.own)) continue;
      if (!isNamed(identity, query)) continue;
      if (!rules.managed && !isAssigned(world, caller, identity, rules)) continue;
      if (best === undefined || isBetter(binding, best.binding)) best = { binding, identity };
    }
  }
  return best === undefined ? "none" : keyOf(best.identity);
}

function isNamed(identity: IdentitySpec, { client, resource }: Query): boolean {
  if (client === undefined && resource === undefined) return true;
  if (client !== undefined && isSame(identity.client, client)) return true;
  return resource !== undefined && isSame(identity.resource, resource);
}

function isAssigned(world: World, caller: PodSpec, identity: IdentitySpec, rules: Rules): boolean {
  return world.records.some((record) => {
    if (world.pods[record.pod] !== caller || world.identities[record.of] !== identity) return false;
    const isCopy = record.client === "" || isSame(record.client, identity.client);
    const isOwn = (rules.confined || identity.own) && record.ns === caller.ns;
    const isDone = record.state === "Assigned" || record.state === "";
    return isCopy && isDone && !record.ending && record.node === "node-0" && (isOwn || record.ns === "default");
  });
}

function isBetter(a: BindingSpec, b: BindingSpec): boolean {
  if (a.weight !== b.weight) return a.weight > b.weight;
  if (a.ns !== b.ns) return a.ns < b.ns;
  return a.name < b.name;
}

/** Time that is over as soon as somebody waits for it. */
const hasty: Clock = { ...realClock, sleep: () => Promise.resolve() };
let imds: FakeImds;
beforeAll(async () => {
  imds = await FakeImds.start();
});
afterAll(() => imds[Symbol.asyncDispose]());

/** NMI that has seen one world turn into another, change by change in any order; its tokens say whose they are. */
function nmi(past: World, present: World, { managed, confined, exceptionNamespaces }: Rules, keys: readonly number[]) {
  const node = nmiNode({ imds, clock: hasty, isManaged: managed, settings: { namespacedOnly: confined } });
  const [before, after] = [objectsOf(past), objectsOf(present)];
  const changes = [
    ...changesOf(node.pods, before.pods, after.pods),
    ...changesOf(node.identities, before.identities, after.identities),
    ...changesOf(node.bindings, before.bindings, after.bindings),
    ...changesOf(node.assignments, before.assignments, after.assignments),
  ];
  const order = changes.map((change, i) => ({ change, at: keys[i % keys.length] ?? 0 })).sort((a, b) => a.at - b.at);
  for (const { change } of order) change();
  const answer = { status: 200, headers: {}, body: Buffer.from('{"access_token":"excepted"}') };
  const ports = {
    ...node.ports,
    exceptions: {
      passOf: (pod: Pod) => passOf(pod, after.exceptions, { exceptionNamespaces, micServiceAccount: "" }),
    },
    tokens: { get: async ({ identity }: { readonly identity: Identity }) => tokenOf(objectKey(identity.meta)) },
    metadata: { send: async () => answer, sendInTurn: async () => answer },
  };
  return { ...node, ports };
}

type Objects<T> = { put(object: T): void; remove(object: T): void };

function changesOf<T extends { readonly meta: Meta }>(objects: Objects<T>, before: readonly T[], after: readonly T[]) {
  for (const object of before) objects.put(object);
  const stays = new Set(after.map(({ meta }) => objectKey(meta)));
  const gone = before.filter(({ meta }) => !stays.has(objectKey(meta)));
  return [...gone.map((object) => () => objects.remove(object)), ...after.map((object) => () => objects.put(object))];
}

function tokenOf(owner: string): Token {
  const expiresOn = Math.floor(Date.now() / 1000) + 3600;
  const rest = { expiresOn, notBefore: 0, resource: "r", tokenType: "Bearer", clientId: "c" };
  return { accessToken: new Secret(owner), ...rest };
}

function targetOf({ client, resource }: Query): string {
  const parameters = new URLSearchParams({ resource: "https://vault.azure.net" });
  if (client !== undefined) parameters.set("client_id", client);
  if (resource !== undefined) parameters.set("msi_res_id", resource);
  return `/metadata/identity/oauth2/token?${parameters}`;
}

describe.each([
  { mode: "standard", managed: false },
  { mode: "managed", managed: true },
])("in $mode mode", ({ managed }) => {
  it("every pod gets what the rules give it, whatever came when", async () => {
    const given = fc.record({
      managed: fc.constant(managed),
      confined: managed ? fc.constant(true) : fc.boolean(),
      exceptionNamespaces: fc.constantFrom<readonly string[]>([], ["team"]),
    });
    const keys = fc.array(fc.nat(), { minLength: 8, maxLength: 30 });
    const seen = { identity: 0, none: 0, excepted: 0 };
    const property = fc.asyncProperty(
      worlds,
      worlds,
      queries,
      given,
      keys,
      async (past, present, asked, rules, order) => {
        const node = nmi(past, present, rules, order);
        for (const [i, caller] of present.pods.entries()) {
          for (const query of asked) {
            const right = due(present, caller, query, rules);
            const { status, body } = await ask(node, targetOf(query), { from: addressOf(i) });
            expect([status, body.access_token ?? "none"]).toEqual([right === "none" ? 404 : 200, right]);
            seen[right === "none" || right === "excepted" ? right : "identity"] += 1;
          }
        }
      },
    );
    await fc.assert(property, { numRuns: 100 });
    // It says nothing where there is no choice.
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(10);
  });
});

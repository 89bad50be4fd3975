import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { identityId } from "../../test/support/make.ts";
import { crdsInto } from "../../test/support/mic/cluster.ts";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { readAssignment } from "../api/assignment.ts";
import { apiVersion, type Kind, kinds } from "../api/kinds.ts";
import { createLog } from "../base/log.ts";
import { KubeClient } from "../kube/client.ts";
import { type KubeApi, startKubeApi } from "../sandbox/kube-api/server.ts";
import type { Announcer } from "./announcer.ts";
import { upgradeTypes } from "./type-upgrade.ts";

const never = new AbortController().signal;
const MAP = { namespace: "default", name: "aad-pod-identity-config" };
const KEY = "type-upgrade-status";

let api: KubeApi;
let client: KubeClient;
let lines: string[];
let told: Parameters<Announcer["record"]>[0][];
beforeEach(async () => {
  [lines, told] = [[], []];
  api = await startKubeApi();
  const log = createLog({ write: (line) => lines.push(line) });
  // Pages of two: what is old may be on any of them.
  client = new KubeClient({ server: api.url, credentials: async () => ({}) }, { userAgent: "test", log, pageSize: 2 });
  await crdsInto(client);
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});

function create(kind: Kind, name: string, spec: object, more: object = {}): Promise<unknown> {
  const metadata = { name, namespace: "default" };
  return client.create(
    kind,
    "default",
    { apiVersion: apiVersion(kind), kind: kind.kind, metadata, spec, ...more },
    never,
  );
}

async function specOf(kind: Kind, name: string): Promise<unknown> {
  return ((await client.get(kind, { namespace: "default", name }, never)) as { spec: unknown }).spec;
}

async function versionOf(kind: Kind, name: string): Promise<string> {
  const { metadata } = (await client.get(kind, { namespace: "default", name }, never)) as {
    metadata: { resourceVersion: string };
  };
  return metadata.resourceVersion;
}

async function recorded(): Promise<unknown> {
  return ((await client.get(kinds.configMap, MAP, never)) as { data?: unknown }).data;
}

const clock = () => new FakeClock();

function upgrade(over: { version?: string; clock?: FakeClock; signal?: AbortSignal } = {}): Promise<void> {
  const { version = "2.0.0", clock: time = clock(), signal = never } = over;
  const log = createLog({ write: (line) => lines.push(line) });
  const where = { namespace: MAP.namespace, configMapName: MAP.name, key: KEY, version };
  const announcer = { record: (note: (typeof told)[number]) => told.push(note) };
  return upgradeTypes({ ...where, client, log, announcer, clock: time, random: () => 1 }, signal);
}

const old = { type: 0, ResourceID: identityId("demo"), ClientID: "client" };
const today = { type: 0, resourceID: identityId("demo"), clientID: "client" };

describe("the type upgrade", () => {
  it("rewrites what is old, over all pages, and nothing else", async () => {
    for (const name of ["a", "b", "c"]) await create(kinds.identity, name, today);
    await create(kinds.identity, "z", old);
    await create(kinds.binding, "b", { AzureIdentity: "z", Selector: "web", weight: 3 });
    await create(kinds.exception, "e", { PodLabels: { app: "mic" } });
    const before = await versionOf(kinds.identity, "b");
    await upgrade();
    expect(await specOf(kinds.identity, "z")).toEqual(today);
    expect(await specOf(kinds.binding, "b")).toEqual({ azureIdentity: "z", selector: "web", weight: 3 });
    expect(await specOf(kinds.exception, "e")).toEqual({ podLabels: { app: "mic" } });
    expect(await versionOf(kinds.identity, "b")).toBe(before);
    expect(await recorded()).toEqual({ [KEY]: "2.0.0" });
  });

  it("tells the owner of each object which spelling is old", async () => {
    await create(kinds.identity, "z", old);
    await create(kinds.identity, "a", today);
    await upgrade();
    expect(told).toMatchObject([
      { about: { kind: kinds.identity, meta: { name: "z" } }, type: "Warning", reason: "OldSpelling" },
    ]);
    expect(told[0]?.message).toMatch(/^spec.ResourceID, spec.ClientID: spelled as before release 1.6/);
  });

  it("rewrites records with the copies in them, and gives these their right kind", async () => {
    const identity = { apiVersion: apiVersion(kinds.identity), kind: "AzureIdentityList", metadata: { name: "demo" } };
    const binding = {
      apiVersion: apiVersion(kinds.binding),
      kind: "AzureIdentityBindingList",
      metadata: { name: "b" },
    };
    const spec = {
      azureidentityref: { ...identity, spec: { ClientID: "client" } },
      azurebindingref: { ...binding, spec: { Selector: "web" } },
      pod: "web",
      nodename: "node-0",
    };
    await create(kinds.assignment, "r", spec, { status: { status: "Assigned" } });
    await upgrade();
    expect(await specOf(kinds.assignment, "r")).toMatchObject({
      azureIdentityRef: { kind: "AzureIdentity", spec: { clientID: "client" } },
      azureBindingRef: { kind: "AzureIdentityBinding", spec: { selector: "web" } },
    });
    const [raw] = await client.list(kinds.assignment, {}, never);
    expect(readAssignment(raw)).toMatchObject({ pod: "web", state: "Assigned", identity: { clientId: "client" } });
    expect(JSON.stringify(raw)).not.toContain('ref":');
    expect(told).toEqual([]);
  });

  it("is done once: who applies an old spelling again is left alone", async () => {
    await upgrade();
    await create(kinds.identity, "z", old);
    await upgrade({ version: "3.0.0" });
    expect(await specOf(kinds.identity, "z")).toEqual(old);
    expect(await recorded()).toEqual({ [KEY]: "2.0.0" });
    expect(lines.join("")).toMatch(/type upgrade was done before, skipping it.*2\.0\.0/);
  });

  it("counts as done when the original did it, and keeps the ConfigMap's other entries", async () => {
    const names = { apiVersion: "v1", kind: "ConfigMap", metadata: MAP };
    await client.create(kinds.configMap, "default", { ...names, data: { other: "1" } }, never);
    await upgrade();
    expect(await recorded()).toEqual({ other: "1", [KEY]: "2.0.0" });
    await client.replace(kinds.configMap, MAP, { ...names, data: { [KEY]: "v1.6.0" } }, never);
    await create(kinds.identity, "z", old);
    await upgrade();
    expect(await specOf(kinds.identity, "z")).toEqual(old);
  });

  it.each([
    { verb: "list", resource: "azureidentities", code: 403 },
    { verb: "update", resource: "azureidentities", code: 409 },
    { verb: "update", resource: "azureidentities", code: 500 },
    { verb: "update", resource: "configmaps", code: 409 },
    { verb: "get", resource: "configmaps", code: 403 },
    { verb: "create", resource: "configmaps", code: 409 },
  ] as const)("tells a $code to $verb $resource, and tries again", async ({ verb, resource, code }) => {
    const time = clock();
    await create(kinds.identity, "z", old);
    await create(kinds.binding, "b", { Selector: "web" });
    api.failNext({ verb, resource }, { code, message: "not now" });
    const running = upgrade({ clock: time });
    await time.asleep();
    expect(lines.join("")).toMatch(/type upgrade is not complete, trying again/);
    if (verb === "update" && resource === "azureidentities") {
      expect(await specOf(kinds.binding, "b")).toEqual({ selector: "web" }); // one failure stops nobody else
      expect(await recorded()).toBeUndefined();
    }
    time.advance(1_000);
    await running;
    expect(await specOf(kinds.identity, "z")).toEqual(today);
    expect(await recorded()).toEqual({ [KEY]: "2.0.0" });
  });

  it("leaves what the API server will never take as it is, and says so once", async () => {
    await create(kinds.identity, "z", old);
    api.failNext({ verb: "update", resource: "azureidentities" }, { code: 422, message: "a policy refuses it" });
    await upgrade();
    expect(await recorded()).toEqual({ [KEY]: "2.0.0" });
    expect(lines.join("")).toMatch(/cannot be rewritten, correct it by hand.*default\/z/);
    expect(told).toEqual([]);
  });

  it("ends when it is stopped", async () => {
    const [time, stop] = [clock(), new AbortController()];
    api.failNext({ verb: "get", resource: "configmaps" }, { code: 500, message: "no" });
    const running = upgrade({ clock: time, signal: stop.signal });
    await time.asleep();
    stop.abort(new Error("enough"));
    await running;
    await upgrade({ signal: stop.signal });
    expect(await client.list(kinds.configMap, { namespace: "default" }, never)).toEqual([]);
  });
});

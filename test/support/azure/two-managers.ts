import { randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { Event } from "kubernetes-types/core/v1.d.ts";
import { afterAll, beforeAll, expect } from "vitest";
import { type KubeApi, startKubeApi } from "../../../src/sandbox/kube-api/server.ts";
import { type ControlPlane, startControlPlane } from "../kube/control-plane.ts";
import { type Ask, ask, normal, type RawApi } from "../kube/same-api.ts";
import { NS } from "../kube/same-objects.ts";

/** What happens in a namespace: a request, or something that a node does to the pods there. */
export type Deed = Ask | { readonly pods: "ready" | "succeeded" | "failed" | "gone"; readonly only?: string };

/** Does each deed on both; what is in the namespace after it has to become the same. */
export type ExpectSameWork = (...deeds: readonly Deed[]) => Promise<void>;

const LISTS = [
  ...["deployments", "replicasets", "daemonsets", "controllerrevisions"].map(
    (name) => `/apis/apps/v1/namespaces/NS/${name}`,
  ),
  ...["/apis/batch/v1/namespaces/NS/jobs", `${NS}/pods`],
];
const SETTLED_MS = 15_000;
const MERGE = "application/merge-patch+json";

type Item = { readonly metadata: { readonly name: string }; readonly status?: { readonly phase?: string } };

/** The real kube-controller-manager and the one of the embedded API server, each beside its own API server with two nodes. */
export function twoManagers(): ExpectSameWork {
  let plane: ControlPlane;
  let embedded: KubeApi;
  beforeAll(async () => {
    plane = await startControlPlane({ controllers: true });
    embedded = await startKubeApi({ tokens: new Map([["admin's", "admin-token"]]), controllers: true });
    for (const api of both())
      for (const name of ["node-a", "node-b"]) await ask(api, { path: "/api/v1/nodes", body: node(name) });
  });
  afterAll(async () => {
    await embedded?.[Symbol.asyncDispose]();
    await plane?.[Symbol.asyncDispose]();
  });
  const both = (): readonly RawApi[] => [
    { url: embedded.url, token: "admin's" },
    { url: plane.server, ca: plane.ca, token: plane.token },
  ];

  return async (...deeds) => {
    const namespace = `work-${randomBytes(4).toString("hex")}`;
    const apis = both();
    const run = (api: RawApi, deed: Deed) => carryOut(api, namespace, deed);
    await Promise.all(apis.map((api) => run(api, { path: "/api/v1/namespaces", body: { metadata: { name: "NS" } } })));
    const account = { path: `${NS}/serviceaccounts/default`, isAwaited: true };
    await Promise.all(apis.map((api) => run(api, account)));
    for (const deed of deeds) {
      await Promise.all(apis.map((api) => run(api, deed)));
      await settled(apis, namespace);
    }
  };
}

function node(name: string): object {
  return {
    metadata: { name, labels: { "kubernetes.io/os": "linux", "kubernetes.io/hostname": name } },
    status: { conditions: [{ type: "Ready", status: "True", reason: "KubeletReady", message: "it is" }] },
  };
}

async function settled(apis: readonly RawApi[], namespace: string): Promise<void> {
  const until = Date.now() + SETTLED_MS;
  for (;;) {
    const [mine, real] = await Promise.all(apis.map((api) => there(api, namespace)));
    if (isDeepStrictEqual(mine, real) || Date.now() > until) return expect(mine).toEqual(real);
    await setTimeout(50);
  }
}

async function carryOut(api: RawApi, namespace: string, deed: Deed): Promise<void> {
  if ("pods" in deed) return actOnPods(api, namespace, deed);
  const inNamespace = JSON.parse(JSON.stringify(deed).replaceAll("NS", namespace)) as Ask;
  for (let i = 0; ; i += 1) {
    const { code, body } = await ask(api, inNamespace);
    if (code < 300) return;
    if (!deed.isAwaited || i > 250) throw new Error(`${code}: ${JSON.stringify(body)}`);
    await setTimeout(20);
  }
}

/** What a kubelet would tell of pods, or take away. */
async function actOnPods(api: RawApi, namespace: string, { pods, only = "" }: Extract<Deed, { pods: string }>) {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const { items } = (await ask(api, { path })).body as { readonly items: readonly Item[] };
  for (const { metadata, status } of items) {
    if (!metadata.name.startsWith(only) || status?.phase === "Succeeded" || status?.phase === "Failed") continue;
    const one = `${path}/${metadata.name}`;
    if (pods === "gone") await ask(api, { method: "DELETE", path: one, body: { gracePeriodSeconds: 0 } });
    else await ask(api, { method: "PATCH", path: `${one}/status`, type: MERGE, body: { status: statuses[pods]() } });
  }
}

const statuses = {
  ready: () => ({ phase: "Running", conditions: [{ type: "Ready", status: "True", lastTransitionTime: past() }] }),
  succeeded: () => ({ phase: "Succeeded", ...ended(0) }),
  failed: () => ({ phase: "Failed", ...ended(1) }),
};

function past(): string {
  return new Date(Date.now() - 1_000).toISOString().replace(/\.\d+/, "");
}

function ended(exitCode: number): object {
  const terminated = { exitCode, finishedAt: past(), startedAt: past() };
  const state = { terminated };
  return { containerStatuses: [{ name: "main", image: "demo:1", imageID: "", ready: false, restartCount: 0, state }] };
}

/** All that the controllers have made and said, without what two clusters never have in common. */
async function there(api: RawApi, namespace: string): Promise<unknown> {
  const lists = await Promise.all([...LISTS, `${NS}/events`].map((path) => items(api, path, namespace)));
  const [events = [], ...kinds] = lists.toReversed();
  const said = (events as readonly Event[]).map(
    ({ involvedObject, reason, message, type }) => `${involvedObject.kind} ${type} ${reason}: ${message}`,
  );
  return { objects: kinds.reverse().flat().map(plain).sort(byText), events: [...new Set(said.map(nameless))].sort() };

  function plain(item: unknown): unknown {
    return JSON.parse(nameless(JSON.stringify(inOrder(normal(item, namespace)))));
  }
}

async function items(api: RawApi, path: string, namespace: string): Promise<readonly unknown[]> {
  const { body } = await ask(api, { path: path.replace("NS", namespace) });
  return (body as { readonly items: readonly unknown[] }).items;
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

/** Names in order, and what a manager makes up by chance or by the minute under one name. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, settledValue(name, (value as Record<string, unknown>)[name])]));
}

/** Which of several steps at once a manager sees is chance: the order of conditions, and what they say under way. */
function settledValue(name: string, value: unknown): unknown {
  if (name !== "conditions" || !Array.isArray(value)) return inOrder(value);
  const plain = value.map((each) =>
    UNDER_WAY.has(each.reason) ? { ...each, reason: "UNDER WAY", message: "" } : each,
  );
  return inOrder(plain.toSorted((a, b) => (a.type < b.type ? -1 : 1)));
}

const UNDER_WAY: ReadonlySet<string> = new Set(["NewReplicaSetCreated", "FoundNewReplicaSet", "ReplicaSetUpdated"]);

const HASH = "[bcdfghjklmnpqrstvwxz2456789]";

function nameless(text: string): string {
  return text
    .replaceAll(new RegExp(`\\b(web|agent|once)-${HASH}{6,10}-${HASH}{5}(?=\\W|$)`, "g"), "$1-HASH-RANDOM")
    .replaceAll(new RegExp(`\\b(web|agent)-${HASH}{6,10}(?=\\W|$)`, "g"), "$1-HASH")
    .replaceAll(new RegExp(`\\b(web|agent|once)-${HASH}{5}(?=\\W|$)`, "g"), "$1-RANDOM")
    .replaceAll(new RegExp(`(hash":")${HASH}{6,10}"`, "g"), '$1HASH"')
    .replaceAll(/"node-[ab]"/g, '"NODE"') // which of two comes first is chance
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "TIME");
}

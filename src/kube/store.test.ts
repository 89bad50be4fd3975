import { expect, it } from "vitest";
import { type Script, ScriptedApi } from "../../test/support/kube/scripted-api.ts";
import { eventually } from "../../test/support/time/eventually.ts";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { kinds } from "../api/kinds.ts";
import { objectSchema, readObject } from "../api/meta.ts";
import { createLog } from "../base/log.ts";
import { KubeClient } from "./client.ts";
import { Store } from "./store.ts";

const serving: Script = ({ path }) =>
  path.includes("watch=true") ? "watch" : { status: 200, body: { metadata: { resourceVersion: "7" }, items: [] } };
const object = { metadata: { namespace: "ns", name: "a", uid: "1", resourceVersion: "5" } };

it("catches up with a list that begins after it was asked to, not with the one that has just come", async () => {
  const stop = new AbortController();
  const log = createLog({ write: () => {} });
  const api = new ScriptedApi(({ path }) =>
    path.includes("watch=true")
      ? "watch"
      : { status: 200, body: { metadata: { resourceVersion: "7" }, items: [object] } },
  );
  const lists = () => api.requests.filter((path) => !path.includes("watch=true")).length;
  const client = new KubeClient({ transport: api }, { userAgent: "test", log });
  let caughtUp: Promise<number> | undefined;
  const read = (raw: unknown) => {
    caughtUp ??= store.catchUp(stop.signal).then(lists); // while the first list is taken over
    return { meta: readObject(objectSchema({}), kinds.pod, raw).metadata };
  };
  const store = new Store({ client, kind: kinds.pod, read, log });
  const running = store.run(stop.signal);
  await store.ready();
  expect(await caughtUp).toBe(2);
  stop.abort();
  await running;
});

it("lists what is there now, not what the API server's cache has, and watches from there", async () => {
  const stop = new AbortController();
  const log = createLog({ write: () => {} });
  const api = new ScriptedApi(serving);
  const client = new KubeClient({ transport: api }, { userAgent: "test", log });
  const read = (raw: unknown) => ({ meta: readObject(objectSchema({}), kinds.pod, raw).metadata });
  const running = new Store({ client, kind: kinds.pod, read, log }).run(stop.signal);
  await eventually(() => api.watches).toBe(1);
  const versions = api.requests.map((path) => new URLSearchParams(path.split("?")[1]).get("resourceVersion"));
  expect(versions).toEqual([null, "7"]);
  stop.abort();
  await running;
});

it.each<{ during: string; script: Script }>([
  { during: "a watch", script: serving },
  { during: "a pause", script: () => "gone" },
])("ends with its client, whoever closes that, and tells no trouble of it: during $during", async ({ script }) => {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const api = new ScriptedApi(script);
  const client = new KubeClient({ transport: api }, { userAgent: "test", log });
  const read = (raw: unknown) => ({ meta: readObject(objectSchema({}), kinds.pod, raw).metadata });
  const running = new Store({ client, kind: kinds.pod, read, log }).run(new AbortController().signal);
  await eventually(() => (script === serving ? api.watches : lines.length)).toBe(1);
  await client[Symbol.asyncDispose]();
  await running;
  expect(lines.length).toBe(script === serving ? 0 : 1);
});

it.each<{ trouble: string; script: Script; watches: number }>([
  { trouble: "one that is away is asked again", script: () => "gone", watches: 1 },
  {
    trouble: "one that asked for a pause gets it",
    script: () => ({ status: 429, headers: { "retry-after": "9" } }),
    watches: 0,
  },
])("when API servers are heard of, $trouble", async ({ script, watches }) => {
  const stop = new AbortController();
  const clock = new FakeClock();
  const log = createLog({ write: () => {} });
  const api = new ScriptedApi(script);
  const client = new KubeClient({ transport: api }, { userAgent: "test", log });
  const read = (raw: unknown) => ({ meta: readObject(objectSchema({}), kinds.pod, raw).metadata });
  const store = new Store({ client, kind: kinds.pod, read, log, clock });
  const running = store.run(stop.signal);
  await clock.asleep();
  api.script = serving;
  store.hurry();
  await new Promise((resolve) => setImmediate(resolve));
  expect(clock.sleepers).toBe(1 - watches);
  await eventually(() => api.watches).toBe(watches);
  stop.abort();
  await running;
});

it.each([
  { waitedMs: 2_000, watches: 3, then: "asked for anew" },
  { waitedMs: 500, watches: 2, then: "waited for" },
])(
  "when API servers are heard of, a watch without an answer for $waitedMs ms is $then",
  async ({ waitedMs, watches }) => {
    const stop = new AbortController();
    const clock = new FakeClock();
    const log = createLog({ write: () => {} });
    const api = new ScriptedApi(({ path }) =>
      path.includes("watch=true") ? "gone" : { status: 200, body: { metadata: { resourceVersion: "7" }, items: [] } },
    );
    const client = new KubeClient({ transport: api }, { userAgent: "test", log });
    const read = (raw: unknown) => ({ meta: readObject(objectSchema({}), kinds.pod, raw).metadata });
    const store = new Store({ client, kind: kinds.pod, read, log, clock });
    const asked = () => api.requests.filter((path) => path.includes("watch=true")).length;
    const running = store.run(stop.signal);
    await clock.asleep(); // after one that was gone
    api.script = () => new Promise(() => {});
    clock.advance(30_000);
    await eventually(asked).toBe(2);
    clock.advance(waitedMs);
    store.hurry();
    await new Promise((resolve) => setImmediate(resolve));
    await eventually(asked).toBe(watches);
    stop.abort();
    await running;
  },
);

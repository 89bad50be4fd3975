import { describe, expect, it } from "vitest";
import { type Script, ScriptedApi } from "../../test/support/kube/scripted-api.ts";
import { PassingTime } from "../../test/support/time/passing-time.ts";
import { type Kind, kinds } from "../api/kinds.ts";
import { createLog } from "../base/log.ts";
import { KubeClient } from "./client.ts";
import { Store } from "./store.ts";
import { asRecord, rawMeta } from "./wire.ts";

const HOUR_MS = 3_600_000;
const LONGEST_PAUSE_MS = 30_000;
const never = new AbortController().signal;
const isWatch = (path: string) => path.includes("watch=true");

const object = (name: string, resourceVersion: string, note = "") => ({
  metadata: { namespace: "ns", name, uid: `uid of ${name}`, resourceVersion },
  note,
});
const listOf = (resourceVersion: string, items: readonly object[], next = "") => ({
  status: 200,
  body: { metadata: { resourceVersion, continue: next }, items },
});
const forbidden = {
  status: 403,
  body: { kind: "Status", message: 'pods is forbidden: User "mic" cannot list resource' },
};

/** An API server that has one object, and serves watches. */
const healthy: Script = ({ path }) => (isWatch(path) ? "watch" : listOf("7", [object("a", "5", "first")]));

/** Stores on an API server in memory, in time that passes as quickly as nothing happens. */
function place(script: Script = healthy) {
  const time = new PassingTime();
  const clock = time.clock(1);
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line), verbosity: 2 });
  const api = new ScriptedApi(script);
  const client = new KubeClient({ transport: api }, { userAgent: "test", log, clock, pageSize: 1 });
  const store = (kind: Kind = kinds.pod) => {
    const read = (raw: unknown) => ({
      meta: { ...rawMeta(raw), labels: {}, annotations: {} },
      note: asRecord(raw).note,
    });
    const made = new Store({ client, kind, read: read as never, log, clock });
    void made.run(never);
    return made as unknown as {
      list(): readonly { meta: { name: string }; note: string }[];
      accept(raw: unknown): void;
      isReady: boolean;
    };
  };
  const pass = async (ms: number) => {
    let isOver = false;
    await new Promise((resolve) => setImmediate(resolve)); // what is under way comes to rest first
    time.after(ms, () => {
      isOver = true;
    });
    while (!isOver) await time.step();
  };
  /** When each request came. */
  const asked: number[] = [];
  const timed = (inner: Script): Script => {
    return (request) => {
      asked.push(time.ms);
      return inner(request);
    };
  };
  const said = (text: string) => lines.filter((line) => line.includes(text));
  return { time, api, client, store, pass, asked, timed, said };
}

const notes = (store: { list(): readonly { meta: { name: string }; note: string }[] }) =>
  store.list().map(({ meta, note }) => `${meta.name}: ${note}`);
const after = (time: PassingTime, ms: number) => new Promise<void>((resolve) => time.after(ms, resolve));

describe("an API server that is away for an hour", () => {
  it.each([
    { how: "refuses connections", script: (): Script => () => "gone" },
    { how: "swallows everything", script: (): Script => () => new Promise(() => {}) },
    {
      how: "ends every watch after one event",
      script: (): Script => (asked) => (isWatch(asked.path) ? { status: 200, body: bookmark } : healthy(asked)),
    },
    { how: "has errors of its own", script: (): Script => () => ({ status: 500, body: {} }) },
  ])("is asked now and then when it $how, and followed again when it is back", async ({ script }) => {
    const { api, time, store, pass, asked, timed, said } = place();
    const pods = store();
    await pass(1_000);
    expect(notes(pods)).toEqual(["a: first"]);
    const planned = time.planned;

    api.script = timed(script());
    api.end("broken off");
    await pass(HOUR_MS);

    expect(notes(pods)).toEqual(["a: first"]);
    expect(asked.length).toBeLessThan(300);
    expect(asked.length).toBeGreaterThan(55);
    expect(time.planned).toBeLessThan(planned + 5);
    expect(said("cannot follow objects").length).toBeGreaterThanOrEqual(HOUR_MS / 600_000 - 1);
    expect(said("cannot follow objects").length).toBeLessThan(10);
    const flickers = said("following objects of the API server again").length;
    expect(flickers).toBeLessThan(2); // it opens a watch, before it shows what it is worth

    api.script = ({ path }) => (isWatch(path) ? "watch" : listOf("9", [object("a", "8", "second")]));
    await pass(2 * LONGEST_PAUSE_MS + 1_000);
    api.send("MODIFIED", object("a", "10", "third"));
    await pass(1);
    expect(notes(pods)).toEqual(["a: third"]);
    expect(said("following objects of the API server again")).toHaveLength(flickers + 1);
  });

  it("is asked at moments that no two programs share, at most 30 seconds apart", async () => {
    const { api, store, pass, asked, timed } = place();
    store();
    await pass(1_000);
    api.script = timed(() => "gone");
    api.end("broken off");
    await pass(HOUR_MS);
    const gaps = asked.slice(1).map((at, i) => at - Number(asked[i]));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(LONGEST_PAUSE_MS);
    expect(gaps.slice(10).every((gap) => gap >= LONGEST_PAUSE_MS / 2)).toBe(true);
    expect(new Set(gaps).size).toBeGreaterThan(gaps.length / 2);
  });
});

const bookmark = { type: "BOOKMARK", object: { metadata: { resourceVersion: "8" } } };

describe("a store", () => {
  it("begins its list again when the next page's token has expired, and leaves nothing out", async () => {
    let expiries = 4; // more often than one list is begun again
    const { store, pass } = place(({ path }) => {
      if (isWatch(path)) return "watch";
      if (!path.includes("continue=")) return listOf("7", [object("a", "5", "first")], "more");
      if (expiries > 0) {
        expiries -= 1;
        return { status: 410, body: { kind: "Status", reason: "Expired", message: "The provided continue parameter" } };
      }
      return listOf("7", [object("b", "6", "second")]);
    });
    const pods = store();
    await pass(5_000);
    expect(notes(pods)).toEqual(["a: first", "b: second"]);
  });

  it.each([
    { how: "begin again at lower ones", version: "30" },
    { how: "have come as far again", version: "903" },
    { how: "were raised", version: "1000000030" },
  ])("takes over another history, whose versions $how", async ({ version }) => {
    const { api, store, pass } = place();
    const pods = store();
    await pass(1_000);
    api.send("MODIFIED", object("a", "900", "newest"));
    api.send("ADDED", object("lost", "901"));
    await pass(1);
    pods.accept(object("own", "905", "not seen yet"));
    const tooLarge = {
      message: "Too large resource version",
      details: { causes: [{ reason: "ResourceVersionTooLarge" }] },
    };
    api.script = ({ path }) => {
      if (!isWatch(path)) return listOf(version, [object("a", "20", "restored")]);
      return path.includes("resourceVersion=901") ? { status: 504, body: tooLarge } : "watch";
    };
    api.end("broken off");
    await pass(LONGEST_PAUSE_MS);
    expect(notes(pods)).toEqual(["a: restored"]);
    api.send("MODIFIED", object("a", `${version}1`, "changed"));
    await pass(1);
    expect(notes(pods)).toEqual(["a: changed"]);
  });

  it.each([
    { what: "list", refuses: (path: string) => !isWatch(path) },
    { what: "watch", refuses: isWatch },
  ])("waits as long as it is told before the next $what", async ({ refuses }) => {
    for (const seconds of [3, 100]) {
      const { time, store, pass, asked } = place((request) => {
        if (!refuses(request.path)) return healthy(request);
        asked.push(time.ms);
        return asked.length > 1 ? healthy(request) : { status: 429, headers: { "retry-after": String(seconds) } };
      });
      const pods = store();
      await pass((seconds + 2) * 1_000);
      expect(asked).toHaveLength(2);
      expect(Number(asked[1]) - Number(asked[0])).toBeGreaterThanOrEqual(seconds * 1_000);
      expect(notes(pods)).toEqual(["a: first"]);
    }
  });

  it("is not disturbed by another kind that may not be read, which comes back when it may", async () => {
    let isAllowed = true;
    const script: Script = (request) => (isAllowed || !request.path.includes("/nodes") ? healthy(request) : forbidden);
    const { api, store, pass, said } = place(script);
    const [pods, nodes] = [store(), store(kinds.node)];
    await pass(1_000);
    isAllowed = false;
    api.end("broken off");
    await pass(HOUR_MS / 6);
    api.send("MODIFIED", object("a", "10", "goes on"));
    await pass(1);
    expect(notes(pods)).toEqual(["a: goes on"]);
    expect(notes(nodes)).toEqual(["a: first"]); // what was known
    const complaints = said('grant \\"watch\\" on nodes in a role');
    expect(complaints).toHaveLength(1);

    isAllowed = true;
    await pass(LONGEST_PAUSE_MS);
    api.send("MODIFIED", object("a", "11", "back"));
    await pass(1);
    expect(notes(nodes)).toEqual(["a: back"]);
  });

  it("reads a list however long it takes, as long as each page comes in time", async () => {
    const { time, store, pass, api } = place(async ({ path }) => {
      if (isWatch(path)) return "watch";
      await after(time, 25_000);
      const page = Number(/continue=(\d+)/.exec(path)?.[1] ?? 0);
      return listOf("7", [object(`page-${page}`, "5")], page < 9 ? String(page + 1) : "");
    });
    const pods = store();
    await pass(9 * 25_000);
    expect(pods.isReady).toBe(false);
    await pass(26_000);
    expect(notes(pods)).toHaveLength(10);
    expect(api.requests.filter((request) => !isWatch(request))).toHaveLength(10);
  });
});

describe("a write", () => {
  it("is sent again after the pause that priority and fairness ask for", async () => {
    let refusals = 1;
    const { client, pass, api } = place(() => {
      refusals -= 1;
      return refusals < 0 ? { status: 201, body: object("a", "1") } : { status: 429, headers: { "retry-after": "1" } };
    });
    const result = client.create(kinds.pod, "ns", object("a", ""), never);
    await pass(999);
    expect(api.requests).toHaveLength(1);
    await pass(2);
    expect(await result).toMatchObject({ metadata: { name: "a" } });
  });
});

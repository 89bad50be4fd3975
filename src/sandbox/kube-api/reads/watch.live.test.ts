import { KubeConfig, Watch } from "@kubernetes/client-node";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { call, type Event, MERGE_PATCH, watchEvents } from "../../../../test/support/kube/kube-call.ts";
import { type KubeApi, startKubeApi } from "../server.ts";

const MAPS = "/api/v1/namespaces/default/configmaps";

let api: KubeApi;
beforeEach(async () => {
  api = await startKubeApi({ bookmarkMs: 20 });
  onTestFinished(() => api[Symbol.asyncDispose]());
});

const post = (path: string, body: unknown) => call(api.url, "POST", path, body);
const add = (name: string, labels: object = {}) => post(MAPS, { metadata: { name, labels } });
const label = (name: string, labels: object) =>
  call(api.url, "PATCH", `${MAPS}/${name}`, { metadata: { labels } }, { type: MERGE_PATCH });
const remove = (name: string) => call(api.url, "DELETE", `${MAPS}/${name}`);
const revision = async () => (await call(api.url, "GET", MAPS)).body.metadata?.resourceVersion;

function watch(query: string, path = MAPS): AsyncGenerator<Event> {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  return watchEvents(api.url, `${path}?watch=true&${query}`, stop.signal);
}

async function next(events: AsyncGenerator<Event>): Promise<Event> {
  const { value, done } = await events.next();
  if (done) throw new Error("the watch ended");
  return value;
}

/** The next events in short: `ADDED a`. */
async function nextNames(events: AsyncGenerator<Event>, count: number): Promise<string[]> {
  const found: string[] = [];
  while (found.length < count) {
    const { type, object } = await next(events);
    found.push(`${type} ${object.metadata?.name}`);
  }
  return found;
}

describe("watch", () => {
  it("tells the vendor's client of each change", async () => {
    const config = new KubeConfig();
    config.loadFromClusterAndUser({ name: "sandbox", server: api.url, skipTLSVerify: true }, { name: "somebody" });
    const seen: string[] = [];
    const stop = await new Watch(config).watch(
      MAPS,
      { resourceVersion: await revision() },
      (type, object) => seen.push(`${type} ${object.metadata.name}`),
      () => {},
    );
    onTestFinished(() => stop.abort());
    await add("a");
    await label("a", { x: "1" });
    await remove("a");
    await expect.poll(() => seen).toEqual(["ADDED a", "MODIFIED a", "DELETED a"]);
  });

  it("starts with the objects that there are when it names no version", async () => {
    await add("a");
    const events = watch("");
    expect(await nextNames(events, 1)).toEqual(["ADDED a"]);
    await add("b");
    expect(await nextNames(events, 1)).toEqual(["ADDED b"]);
  });

  it("resumes after a version without a gap", async () => {
    const from = await revision();
    await add("a");
    await label("a", { x: "1" });
    const events = watch(`resourceVersion=${from}`);
    await remove("a");
    expect(await nextNames(events, 3)).toEqual(["ADDED a", "MODIFIED a", "DELETED a"]);
  });

  it("gives the last state and a new version with a removal", async () => {
    const created = await add("a", { x: "1" });
    const events = watch(`resourceVersion=${created.body.metadata?.resourceVersion}`);
    await remove("a");
    const { type, object } = await next(events);
    expect({ type, object }).toMatchObject({
      type: "DELETED",
      object: { kind: "ConfigMap", metadata: { labels: { x: "1" } } },
    });
    expect(Number(object.metadata?.resourceVersion)).toBeGreaterThan(Number(created.body.metadata?.resourceVersion));
  });

  it("shows what enters the selection as new and what leaves it as gone", async () => {
    const events = watch(`resourceVersion=${await revision()}&labelSelector=x%3D1`);
    await add("a");
    await label("a", { x: "1" });
    await label("a", { y: "1" });
    await label("a", { x: "2" });
    await remove("a");
    await add("b", { x: "1" });
    const left = [await next(events), await next(events), await next(events)];
    expect(left.map(({ type }) => type)).toEqual(["ADDED", "MODIFIED", "DELETED"]);
    expect(left[2]?.object.metadata).toMatchObject({ labels: { x: "1", y: "1" } });
    expect(Number(left[2]?.object.metadata?.resourceVersion)).toBeGreaterThan(
      Number(left[1]?.object.metadata?.resourceVersion),
    );
    expect(await nextNames(events, 1)).toEqual(["ADDED b"]);
  });

  it("of one namespace sees no other", async () => {
    const events = watch(`resourceVersion=${await revision()}`);
    await post("/api/v1/namespaces/kube-system/configmaps", { metadata: { name: "other" } });
    await add("mine");
    expect(await nextNames(events, 1)).toEqual(["ADDED mine"]);
  });

  it("of a revision that was compacted away gets one ERROR event and ends", async () => {
    const from = await revision();
    await add("a");
    api.compact();
    const events = watch(`resourceVersion=${from}`);
    expect(await next(events)).toMatchObject({
      type: "ERROR",
      object: {
        kind: "Status",
        code: 410,
        reason: "Expired",
        message: expect.stringContaining("too old resource version"),
      },
    });
    expect((await events.next()).done).toBe(true);
    expect(await nextNames(watch(`resourceVersion=0`), 1)).toEqual(["ADDED a"]);
  });

  it("of a resource where nothing happened is cut off by a compaction all the same", async () => {
    const from = await revision();
    await add("a");
    api.compact();
    expect(await next(watch(`resourceVersion=${from}`, "/api/v1/nodes"))).toMatchObject({ type: "ERROR" });
  });

  it("ends in good order when its time is over", async () => {
    const events = watch(`resourceVersion=${await revision()}&timeoutSeconds=1`);
    expect((await events.next()).done).toBe(true);
  });

  it("breaks when the connections are cut, and the server goes on", async () => {
    await add("a");
    const events = watch("");
    await next(events);
    api.disconnect();
    await expect(events.next()).rejects.toThrow();
    await expect.poll(() => revision().catch(() => "cut too")).toMatch(/^\d+$/);
  });
});

describe("bookmarks", () => {
  it("carry the newest revision, whoever made it", async () => {
    const events = watch(`resourceVersion=${await revision()}&allowWatchBookmarks=true`);
    const { body } = await post("/api/v1/nodes", { metadata: { name: "n" } });
    const newest = Number(body.metadata?.resourceVersion);
    for await (const { type, object } of events) {
      expect(type).toBe("BOOKMARK");
      expect(object).toMatchObject({ kind: "ConfigMap", apiVersion: "v1" });
      if (Number(object.metadata?.resourceVersion) === newest) return;
    }
  });

  it("mark the end of the first objects", async () => {
    await add("a");
    const events = watch("sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
    expect(await nextNames(events, 1)).toEqual(["ADDED a"]);
    expect(await next(events)).toMatchObject({
      type: "BOOKMARK",
      object: { metadata: { annotations: { "k8s.io/initial-events-end": "true" } } },
    });
  });

  it("are not sent to those who do not ask", async () => {
    const events = watch(`resourceVersion=${await revision()}&timeoutSeconds=1`);
    expect((await events.next()).done).toBe(true);
  });
});

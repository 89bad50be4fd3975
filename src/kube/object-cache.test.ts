import { array, assert, constantFrom, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import type { Meta } from "../api/meta.ts";
import { type Change, ObjectCache } from "./object-cache.ts";

type Thing = { readonly meta: Meta; readonly size: string };

function thing(name: string, version: number, over: { readonly uid?: string; readonly size?: string } = {}): Thing {
  const { uid = `uid-of-${name}`, size = String(version) } = over;
  const meta = { name, namespace: "ns", uid, resourceVersion: String(version), generation: 0 };
  return {
    meta: { ...meta, creationTimestamp: "", deletionTimestamp: "", labels: {}, annotations: {}, finalizers: [] },
    size,
  };
}

function cacheOf(...objects: readonly Thing[]) {
  const changes: Change<Thing>[] = [];
  const cache = new ObjectCache<Thing>({ size: ({ size }) => [size] }, (change) => changes.push(change));
  cache.replaceAll(objects, "10");
  changes.length = 0;
  return { cache, changes, versions: () => cache.list().map(({ meta }) => `${meta.name} ${meta.resourceVersion}`) };
}

const ref = (name: string) => ({ namespace: "ns", name });

describe("a cache of objects", () => {
  it("keeps the later of two versions, whatever comes first", () => {
    const { cache, changes, versions } = cacheOf(thing("a", 5));
    cache.accept(thing("a", 12));
    cache.put(thing("a", 11));
    cache.put(thing("a", 12));
    expect(versions()).toEqual(["a 12"]);
    expect(changes).toHaveLength(1);
  });

  it("tells what we did ourselves from what others did, where our answer comes first", () => {
    const { cache, changes } = cacheOf(thing("a", 5));
    cache.accept(thing("a", 11));
    cache.put(thing("a", 12));
    cache.accept(thing("a", 12));
    cache.forget(ref("a"), "uid-of-a");
    cache.replaceAll([thing("b", 13)], "13");
    expect(changes.map(({ isOwn }) => isOwn)).toEqual([true, false, true, false]);
  });

  it("takes a version that does not compare, when it is another", () => {
    const { cache, versions } = cacheOf(thing("a", 5));
    const odd = thing("a", 0);
    cache.put({ ...odd, meta: { ...odd.meta, resourceVersion: "x-1" } });
    expect(versions()).toEqual(["a x-1"]);
  });

  it("does not bring back what we deleted, until another has the name", () => {
    const { cache, versions } = cacheOf(thing("a", 5));
    cache.forget(ref("a"), "uid-of-a");
    cache.put(thing("a", 11));
    expect(versions()).toEqual([]);
    cache.drop({ ...ref("a"), uid: "uid-of-a", resourceVersion: "12" });
    cache.put(thing("a", 13, { uid: "other" }));
    expect(versions()).toEqual(["a 13"]);
  });

  it("does not forget an object that only has the name", () => {
    const { cache, versions } = cacheOf(thing("a", 5));
    cache.forget(ref("a"), "another uid");
    expect(versions()).toEqual(["a 5"]);
  });

  it("does not take an answer that the watch has overtaken", () => {
    const { cache, versions } = cacheOf();
    cache.put(thing("a", 11));
    cache.reached("11");
    cache.drop({ ...ref("a"), uid: "uid-of-a", resourceVersion: "12" });
    cache.reached("12");
    cache.accept(thing("a", 11));
    expect(versions()).toEqual([]);
  });

  it("does not drop a successor of the same name for its predecessor's end", () => {
    const { cache, versions } = cacheOf(thing("a", 5));
    cache.accept(thing("a", 13, { uid: "other" }));
    cache.drop({ ...ref("a"), uid: "uid-of-a", resourceVersion: "12" });
    expect(versions()).toEqual(["a 13"]);
  });

  it("keeps what was written after a list was made, and nothing else that the list lacks", () => {
    const { cache, changes, versions } = cacheOf(thing("old", 5), thing("kept", 6));
    cache.accept(thing("own", 21));
    changes.length = 0;
    cache.replaceAll([thing("kept", 6), thing("more", 19)], "20");
    expect(versions().sort()).toEqual(["kept 6", "more 19", "own 21"]);
    expect(changes.map(({ before, after }) => [before?.meta.name, after?.meta.name])).toEqual([
      ["old", undefined],
      [undefined, "more"],
    ]);
  });

  it("believes a list from after a restore, whose versions begin again lower", () => {
    const { cache, versions } = cacheOf(thing("a", 9), thing("b", 8));
    cache.accept(thing("c", 12));
    cache.put(thing("c", 12));
    cache.replaceAll([thing("a", 3)], "4");
    expect(versions()).toEqual(["a 3"]);
    cache.put(thing("a", 5));
    expect(versions()).toEqual(["a 5"]);
  });

  it.each([
    { after: "a restore", version: "6" },
    { after: "a restore and a few writes", version: "14" },
    { after: "a restore that raised all versions", version: "1000" },
  ])("believes a list from after $after, whatever the lost history said and we wrote in it", ({ version }) => {
    const { cache, changes, versions } = cacheOf(thing("edited", 3), thing("deleted", 4), thing("same", 5));
    cache.put(thing("edited", 11));
    cache.put(thing("made", 12));
    cache.reached("12");
    cache.accept(thing("own", 16));
    cache.forget(ref("deleted"), "uid-of-deleted");
    changes.length = 0;
    cache.beginList();
    cache.accept(thing("own", 15)); // late, and no news
    cache.replaceAll([thing("edited", 3), thing("deleted", 4), thing("same", 5)], version);
    expect(versions().sort()).toEqual(["deleted 4", "edited 3", "same 5"]);
    expect(changes.map(({ before, after }) => [before?.size, after?.size])).toEqual([
      ["12", undefined],
      ["16", undefined],
      ["11", "3"],
      [undefined, "4"],
    ]);
  });

  it("tells two histories apart that gave one version to one object", () => {
    const { cache } = cacheOf(thing("a", 5, { size: "lost" }));
    cache.beginList();
    cache.replaceAll([thing("a", 5, { size: "restored" })], "10");
    expect(cache.get(ref("a"))?.size).toBe("restored");
  });

  it("keeps what we wrote and deleted while a list was under way", () => {
    const { cache, versions } = cacheOf(thing("a", 5), thing("b", 6));
    cache.beginList();
    cache.accept(thing("a", 12));
    cache.accept(thing("a", 11));
    cache.accept(thing("own", 13));
    cache.forget(ref("b"), "uid-of-b");
    cache.replaceAll([thing("a", 5), thing("b", 6)], "10");
    expect(versions()).toEqual(["a 12", "own 13"]);
    cache.beginList();
    cache.replaceAll([thing("a", 12)], "14");
    expect(versions()).toEqual(["a 12"]);
  });

  it("does not keep what we wrote and others undid before a list was made", () => {
    const { cache, versions } = cacheOf(thing("a", 5));
    cache.beginList();
    cache.accept(thing("a", 12));
    cache.accept(thing("own", 13));
    cache.replaceAll([thing("a", 14)], "15");
    expect(versions()).toEqual(["a 14"]);
  });

  it("finds objects by an index, in their present form only", () => {
    const { cache } = cacheOf(thing("a", 1, { size: "s" }), thing("b", 2, { size: "s" }));
    expect(cache.by("size", "s").map(({ meta }) => meta.name)).toEqual(["a", "b"]);
    cache.put(thing("a", 11, { size: "m" }));
    cache.drop({ ...ref("b"), uid: "uid-of-b", resourceVersion: "12" });
    expect(cache.by("size", "s")).toEqual([]);
    expect(cache.by("size", "m")).toHaveLength(1);
    expect(() => cache.by("colour", "red")).toThrow('no index "colour"');
  });

  it("ends where the API server is, however late news comes, and whatever a restore from a backup undoes", async () => {
    const what = constantFrom(...["write", "delete", "watch", "answer", "list", "backup", "restore", "raise"]);
    const step = record({ name: constantFrom("a", "b"), what });
    await assert(
      property(array(step, { maxLength: 60 }), (steps) => new History().play(steps)),
      { numRuns: 1_000 },
    );
  });
});

type Step = { readonly name: string; readonly what: string };
type News = { readonly version: number; readonly tell: (cache: ObjectCache<Thing>) => void };

/** An API server whose watch and whose answers are heard in their own order, each as late as the steps say. */
class History {
  #version = 10;
  #count = 0;
  #live = new Map<string, Thing>();
  #backup = { version: 10, live: new Map<string, Thing>() };
  #list: "asked for" | { readonly version: number; readonly things: readonly Thing[] } | undefined;
  #events: News[] = [];
  #answers: News[] = [];
  readonly #cache = new ObjectCache<Thing>({}, () => {});

  play(steps: readonly Step[]): void {
    this.#cache.replaceAll([], "10");
    for (const { name, what } of steps) {
      if (what === "write") this.#write(name);
      else if (what === "delete") this.#delete(name);
      else if (what === "watch") this.#hear();
      else if (what === "answer") this.#answers.shift()?.tell(this.#cache);
      else if (what === "list") this.#listOn();
      else if (what === "backup") this.#backup = { version: this.#version, live: new Map(this.#live) };
      else this.#restore(what === "raise" ? 1_000 : 0);
    }
    while (this.#list !== undefined) this.#listOn();
    while (this.#answers.length > 0) this.#answers.shift()?.tell(this.#cache);
    while (this.#events.length > 0) this.#hear();
    const live = [...this.#live.values()].map(({ meta }) => [meta.name, meta.uid, meta.resourceVersion]).sort();
    expect(
      this.#cache
        .list()
        .map(({ meta }) => [meta.name, meta.uid, meta.resourceVersion])
        .sort(),
    ).toEqual(live);
  }

  /** Asks for a list, which ends the watch; then makes it; then tells it. */
  #listOn(): void {
    if (this.#list === undefined) {
      this.#cache.beginList();
      this.#list = "asked for";
    } else if (this.#list === "asked for") {
      this.#list = { version: this.#version, things: [...this.#live.values()] };
    } else {
      const { version, things } = this.#list;
      this.#cache.replaceAll(things, String(version));
      this.#events = this.#events.filter((event) => event.version > version);
      this.#list = undefined;
    }
  }

  /** What was under way ends with the API server. */
  #restore(raiseBy: number): void {
    this.#version = this.#backup.version + raiseBy;
    this.#live = new Map(this.#backup.live);
    this.#answers = [];
    this.#events = [];
    this.#list = undefined;
    this.#listOn();
  }

  #hear(): void {
    if (this.#list !== undefined) return;
    const event = this.#events.shift();
    event?.tell(this.#cache);
    if (event !== undefined) this.#cache.reached(String(event.version));
  }

  #write(name: string): void {
    const version = ++this.#version;
    const uid = this.#live.get(name)?.meta.uid ?? `uid-${++this.#count}`;
    const written = thing(name, version, { uid });
    this.#live.set(name, written);
    this.#events.push({ version, tell: (cache) => cache.put(written) });
    this.#answers.push({ version, tell: (cache) => cache.accept(written) });
  }

  #delete(name: string): void {
    const uid = this.#live.get(name)?.meta.uid;
    if (uid === undefined) return;
    const version = ++this.#version;
    this.#live.delete(name);
    this.#events.push({
      version,
      tell: (cache) => cache.drop({ ...ref(name), uid, resourceVersion: String(version) }),
    });
    this.#answers.push({ version, tell: (cache) => cache.forget(ref(name), uid) });
  }
}

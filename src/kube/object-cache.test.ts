import { describe, expect, it } from "vitest";
import { ref, type Thing, thing } from "../../test/support/kube/thing.ts";
import { type Change, ObjectCache } from "./object-cache.ts";

function cacheOf(...objects: readonly Thing[]) {
  const changes: Change<Thing>[] = [];
  const cache = new ObjectCache<Thing>({ size: ({ size }) => [size] }, (change) => changes.push(change));
  cache.replaceAll(objects, "10");
  changes.length = 0;
  return { cache, changes, versions: () => cache.list().map(({ meta }) => `${meta.name} ${meta.resourceVersion}`) };
}

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
});

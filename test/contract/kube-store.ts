import { describe, expect, it } from "vitest";
import { eventually } from "../support/time/eventually.ts";
import { type ApiUnderTest, lists, Place, record, sizes } from "./kube-under-test.ts";

/** What a store holds, and what it tells. */
export function kubeStore(api: () => ApiUnderTest): void {
  describe("a store", () => {
    it("has everything once it is ready, over many pages", async () => {
      await using place = await Place.make(api());
      for (let i = 0; i < 7; i += 1) await place.create(`thing-${i}`, String(i));
      const store = place.store({ pageSize: 3 });
      expect(store.isReady).toBe(false);

      await store.ready();

      expect(Object.keys(sizes(store))).toHaveLength(7);
      expect(store.by("size", "4").map(({ meta }) => meta.name)).toEqual(["thing-4"]);
      expect(lists(place)).toBeGreaterThanOrEqual(3);
    });

    it("follows what is created, changed and deleted, and tells each once", async () => {
      await using place = await Place.make(api());
      const store = place.store();
      await store.ready();
      const told = record(store);

      await place.create("a", "1");
      await place.resize("a", "22");
      await eventually(() => store.by("size", "22").length).toBe(1);
      expect(store.by("size", "1")).toEqual([]);
      await place.remove("a");

      await eventually(() => told).toEqual(["a: none to 1", "a: 1 to 22", "a: 22 to none"]);
    });

    it("holds only what its selector selects", async () => {
      await using place = await Place.make(api());
      await place.create("mine", "1", { of: "me" });
      await place.create("other", "1", { of: "you" });
      const store = place.store({ labelSelector: "of=me" });
      await store.ready();
      await place.create("another", "1", { of: "you" });
      await place.create("mine-too", "2", { of: "me" });
      await eventually(() => sizes(store)).toEqual({ mine: "1", "mine-too": "2" });
    });

    it("shows an own write at once, and tells it once", async () => {
      await using place = await Place.make(api());
      const store = place.store();
      await store.ready();
      const told = record(store);

      store.accept(await place.create("a", "1"));
      expect(sizes(store)).toEqual({ a: "1" });
      const { meta } = store.accept(await place.resize("a", "2"));
      expect(sizes(store)).toEqual({ a: "2" });
      await place.remove("a");
      store.forget(place.ref("a"), meta.uid);
      expect(sizes(store)).toEqual({});

      await place.create("last", "9");
      await eventually(() => told).toEqual(["a: none to 1", "a: 1 to 2", "a: 2 to none", "last: none to 9"]);
    });

    it("leaves out an object that it cannot read, says so once, and takes it when it is corrected", async () => {
      await using place = await Place.make(api());
      await place.create("bad", "many");
      const store = place.store();
      await store.ready();
      await place.create("good", "1");
      await eventually(() => sizes(store)).toEqual({ good: "1" });

      await place.resize("good", "few");
      await place.resize("bad", "2");

      await eventually(() => sizes(store)).toEqual({ bad: "2" });
      const said = place.lines.filter((line) => line.includes("left out"));
      expect(said).toHaveLength(2);
      expect(said[0]).toContain(`${place.namespace}/bad cannot be read: data.size: a size has digits only`);
    });
  });
}

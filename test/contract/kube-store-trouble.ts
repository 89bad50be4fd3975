import { describe, expect, it } from "vitest";
import type { Store } from "../../src/kube/store.ts";
import { eventually } from "../support/time/eventually.ts";
import { FakeClock } from "../support/time/fake-clock.ts";
import {
  type ApiUnderTest,
  isPausing,
  LONGEST_PAUSE_MS,
  lists,
  Place,
  record,
  sizes,
  type Thing,
} from "./kube-under-test.ts";

const IDLE_MS = 150_000;

/** How a store goes on after trouble with its API server, and with the way there. */
export function kubeStoreTrouble(api: () => ApiUnderTest): void {
  describe("a store in trouble", () => {
    it("goes on where it was when the connection under the watch is reset", async () => {
      await using place = await Place.make(api());
      const clock = new FakeClock();
      const store = await followed(place, clock);
      clock.advance(LONGEST_PAUSE_MS);

      place.proxy.cut();
      await eventually(() => place.lines.some((line) => line.includes("trying again"))).toBe(true); // in its pause
      await place.create("meanwhile", "2");
      clock.advance(LONGEST_PAUSE_MS);

      await eventually(() => sizes(store)).toEqual({ before: "1", meanwhile: "2" });
      expect(lists(place)).toBe(1);
      expect(watches(place)).toHaveLength(2);
      expect(place.lines.filter((line) => line.includes("trying again"))).toHaveLength(1);
      expect(place.lines.filter((line) => line.includes("following objects of the API server again"))).toHaveLength(1);
    });

    it("finds out that the other end is gone without a word", async () => {
      await using place = await Place.make(api());
      const clock = new FakeClock();
      const store = await followed(place, clock);

      place.proxy.freeze();
      await place.create("meanwhile", "2");
      clock.advance(IDLE_MS);
      await eventually(() => place.lines.some((line) => line.includes("no sign of life for 150 s"))).toBe(true);
      clock.advance(LONGEST_PAUSE_MS);

      await eventually(() => sizes(store)).toEqual({ before: "1", meanwhile: "2" });
      expect(lists(place)).toBe(1);
    });

    it("catches up at once when asked, though its watch is dead and it does not know", async () => {
      await using place = await Place.make(api());
      const store = await followed(place, new FakeClock());
      place.proxy.freeze();
      await place.create("b", "2");
      expect(sizes(store)).toEqual({ before: "1" });

      await store.catchUp(place.signal);

      expect(sizes(store)).toEqual({ b: "2", before: "1" });
      await place.create("c", "3");
      await eventually(() => sizes(store)).toEqual({ b: "2", before: "1", c: "3" });
    });

    it("catches up out of a pause too, for all who ask, and until who asks has left", async () => {
      await using place = await Place.make(api());
      const clock = new FakeClock();
      place.proxy.answerNext(/configmaps/, { status: 500, body: {} });
      const store = place.store({ clock });
      await eventually(() => isPausing(clock)).toBe(true);
      await expect(store.catchUp(AbortSignal.abort(new Error("left")))).rejects.toThrow("left");
      await store.ready();
      await place.create("a", "1");

      await Promise.all([store.catchUp(place.signal), store.catchUp(place.signal)]);

      expect(sizes(store)).toEqual({ a: "1" });
    });

    it("lists anew when its version is gone, and tells the differences", async () => {
      await using place = await Place.make(api());
      const clock = new FakeClock();
      await place.create("changed", "1");
      await place.create("deleted", "1");
      await place.create("kept", "1");
      const store = await followed(place, clock);
      const told = record(store);

      place.proxy.cut();
      await eventually(() => isPausing(clock)).toBe(true);
      await place.resize("changed", "2");
      await place.remove("deleted");
      await place.create("created", "3");
      const body = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version: 1 (9)" };
      place.proxy.answerNext(/watch=true/, { status: 410, body });
      clock.advance(LONGEST_PAUSE_MS);
      await eventually(() => place.lines.some((line) => line.includes("version is gone"))).toBe(true);
      await eventually(() => isPausing(clock)).toBe(true);
      clock.advance(LONGEST_PAUSE_MS);

      await eventually(() => sizes(store)).toEqual({ before: "1", changed: "2", created: "3", kept: "1" });
      expect(lists(place)).toBe(2);
      expect(told.sort()).toEqual(["changed: 1 to 2", "created: none to 3", "deleted: 1 to none"]);
    });

    it.each([
      { trouble: "says that the version is gone", code: 410, reason: "Expired" },
      { trouble: "reports an error of its own", code: 500, reason: "InternalError" },
    ])("lists anew when the watch itself $trouble", async ({ code, reason }) => {
      await using place = await Place.make(api());
      const clock = new FakeClock();
      const store = await followed(place, clock);

      const object = { kind: "Status", status: "Failure", message: "too old resource version", reason, code };
      place.proxy.inject(JSON.stringify({ type: "ERROR", object }));
      await eventually(() => isPausing(clock)).toBe(true);
      await place.create("meanwhile", "2");
      clock.advance(LONGEST_PAUSE_MS);

      await eventually(() => sizes(store)).toEqual({ before: "1", meanwhile: "2" });
      expect(lists(place)).toBe(2);
    });

    it("lists anew after a line that it cannot understand", async () => {
      await using place = await Place.make(api());
      const clock = new FakeClock();
      const store = await followed(place, clock);

      place.proxy.inject('{"type":"ADDED","object":{"kind":"Conf');
      await eventually(() => isPausing(clock)).toBe(true);
      await place.create("meanwhile", "2");
      clock.advance(LONGEST_PAUSE_MS);

      await eventually(() => sizes(store)).toEqual({ before: "1", meanwhile: "2" });
      expect(place.lines.some((line) => line.includes("not one of a Kubernetes API server"))).toBe(true);
    });

    it("resumes from a bookmark, which spares it what happened elsewhere", async () => {
      await using place = await Place.make(api());
      await using elsewhere = await Place.make(api());
      await place.create("before", "1");
      // The API server sends a bookmark shortly before a watch's time is over.
      place.proxy.changeNext(/watch=true/, (path) => path.replace(/timeoutSeconds=\d+/, "timeoutSeconds=4"));
      const store = place.store();
      await store.ready();
      await eventually(() => place.proxy.watches).toBe(1);
      await elsewhere.create("far", "1");

      await eventually(() => watches(place).length).toBe(2);

      const [first, second] = watches(place).map(versionOf);
      const bookmarks = place.proxy.lines.filter((line) => line.includes("BOOKMARK"));
      const bookmark = JSON.parse(bookmarks.at(-1) ?? "{}").object.metadata.resourceVersion;
      expect(Number(second)).toBeGreaterThan(Number(first));
      expect(second).toBe(bookmark);
      expect(lists(place)).toBe(1);
      expect(place.lines.filter((line) => line.includes("trying again"))).toEqual([]);
    });

    it("says once what is wrong and once that it is well, however often it tries", async () => {
      await using place = await Place.make(api());
      const clock = new FakeClock();
      const body = { kind: "Status", code: 403, message: 'configmaps is forbidden: User "x" cannot list' };
      for (let i = 0; i < 3; i += 1) place.proxy.answerNext(/configmaps/, { status: 403, body });
      const store = place.store({ clock });
      for (let i = 1; i <= 3; i += 1) {
        await eventually(() => lists(place)).toBe(i);
        await eventually(() => isPausing(clock)).toBe(true);
        clock.advance(LONGEST_PAUSE_MS);
      }
      await store.ready();
      const said = place.lines.filter((line) => line.includes("following objects") || line.includes("cannot follow"));
      expect(said).toHaveLength(2);
      expect(said[0]).toMatch(/^E.*grant \\"list\\" on configmaps in a role/);
    });
  });
}

/** A store with one object that is watched by now, whose pauses end when the clock is told. */
async function followed(place: Place, clock: FakeClock): Promise<Store<Thing>> {
  await place.create("before", "1");
  const store = place.store({ clock });
  await store.ready();
  await eventually(() => place.proxy.watches).toBe(1);
  await eventually(() => clock.asleepFor).toEqual([IDLE_MS]); // the watch's own guard against silence
  return store;
}

function watches(place: Place): readonly string[] {
  return place.proxy.requests.filter((request) => request.includes("watch=true"));
}

function versionOf(request: string): string | null {
  return new URLSearchParams(request.split("?")[1]).get("resourceVersion");
}

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessTo, type ControlPlane, missing, startControlPlane } from "../support/kube/control-plane.ts";
import { eventually } from "../support/time/eventually.ts";
import { FakeClock } from "../support/time/fake-clock.ts";
import { isPausing, LONGEST_PAUSE_MS, Place, sizes } from "./kube-under-test.ts";

const reason = missing();

/** With a control plane of its own, since nothing else works while its API server is away. */
describe.skipIf(reason !== undefined)(`a restart of kube-apiserver${reason ? ` (skipped: ${reason})` : ""}`, () => {
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = await startControlPlane();
  });
  afterAll(() => plane[Symbol.asyncDispose]());

  async function restart(): Promise<void> {
    await plane.kill();
    await plane.restart();
  }

  it("is survived by a store, which tells of it twice", async () => {
    await using place = await Place.make({ access: accessTo(plane) });
    const store = place.store();
    await store.ready();
    await eventually(() => place.proxy.watches).toBe(1);

    await restart();
    // The first write finds out that its connection is gone.
    await eventually(() => place.create("after", "1").then(() => "written", String)).toBe("written");

    await eventually(() => sizes(store)).toEqual({ after: "1" });
    const said = place.lines.filter((line) => line.includes("following objects") || line.includes("cannot follow"));
    expect(said.length).toBeGreaterThanOrEqual(2);
    expect(said.at(-1)).toContain("following objects of the API server again");
  });

  it("makes the versions before it too old, so that a store lists anew", async () => {
    await using place = await Place.make({ access: accessTo(plane) });
    const clock = new FakeClock();
    await place.create("changed", "1");
    await place.create("deleted", "1");
    const store = place.store({ clock });
    await store.ready();
    await eventually(() => place.proxy.watches).toBe(1);

    place.proxy.cut();
    await eventually(() => isPausing(clock)).toBe(true);
    await place.resize("changed", "2");
    await place.remove("deleted");
    await place.create("created", "3");
    await restart();
    clock.advance(LONGEST_PAUSE_MS);
    await eventually(() => place.lines.some((line) => line.includes("version is gone"))).toBe(true);
    await eventually(() => isPausing(clock)).toBe(true);
    clock.advance(LONGEST_PAUSE_MS);

    await eventually(() => sizes(store)).toEqual({ changed: "2", created: "3" });
  });
});

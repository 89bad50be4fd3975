import { describe, expect, it } from "vitest";
import { pod } from "../../test/support/make.ts";
import { bound, longPatience, never, reader, record, setUp, web } from "../../test/support/nmi/lookup-world.ts";
import { any } from "../../test/support/recorded-identities.ts";
import type { FakeClock } from "../../test/support/time/fake-clock.ts";
import { IdentityLookup } from "./lookup.ts";

/** How long a request was waited for, to the millisecond. */
async function waitedMs(result: Promise<unknown>, clock: FakeClock, limitMs: number): Promise<number> {
  let isOver = false;
  result.then(
    () => {
      isOver = true;
    },
    () => {
      isOver = true;
    },
  );
  while (!isOver && clock.monotonic() <= limitMs) {
    clock.advance(500);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return clock.monotonic();
}

describe("waiting for an identity", () => {
  it("is not needed when it is there", async () => {
    const { find, assignments } = setUp();
    assignments.put(record("Assigned"));
    expect((await find()).identity.meta.name).toBe("reader");
  });

  it.each([
    { when: "defaults, nothing recorded", then: 80_000 },
    { when: "defaults, recorded only", state: "Created" as const, then: 100_000 },
    { when: "1/1/1, nothing recorded", ones: true, then: 1000 },
    { when: "1/1/1, recorded only", ones: true, state: "Created" as const, then: 2000 },
  ])("ends after the original's time: $when", async ({ ones, state, then }) => {
    const patience = ones ? { attemptsForCreated: 1, attemptsForAssigned: 1, intervalSeconds: 1 } : undefined;
    const { find, clock, assignments } = setUp(patience);
    if (state !== undefined) assignments.put(record(state));
    const result = find();
    expect(await waitedMs(result, clock, 200_000)).toBe(then);
    await expect(result).rejects.toMatchObject({
      code: "IDENTITY_NOT_ASSIGNED",
      message: expect.stringContaining(state === undefined ? "CREATED state failed" : "ASSIGNED state failed"),
    });
  });

  it("ends the moment the record becomes Assigned, without time going by", async () => {
    const { find, clock, assignments, listeners } = setUp();
    const before = listeners();
    const result = find();
    await clock.asleep();
    assignments.put(record("Created"));
    assignments.put(record("Assigned"));
    expect((await result).identity.meta.name).toBe("reader");
    expect(clock.sleepers).toBe(0);
    expect(listeners()).toEqual(before);
  });

  it("gives up in the longer wait as soon as the record is gone again", async () => {
    const { find, clock, assignments } = setUp();
    assignments.put(record("Created"));
    const result = find();
    await clock.asleep();
    clock.advance(80_000);
    await clock.asleep();
    assignments.remove(record("Created"));
    await expect(result).rejects.toMatchObject({ message: expect.stringContaining("CREATED state failed") });
  });

  it("waits for a binding too, but not for a label", async () => {
    const { find, clock, bindings, assignments, pods } = setUp();
    assignments.put(record("Assigned"));
    bindings.remove(bound);
    const result = find();
    await clock.asleep();
    bindings.put(bound);
    await result;
    bindings.remove(bound);
    pods.put(pod("web", { selector: "" }));
    await expect(find()).rejects.toMatchObject({ code: "IDENTITY_NOT_BOUND" });
  });

  it("ends with the client", async () => {
    const { find, clock, listeners } = setUp();
    const before = listeners();
    const stop = new AbortController();
    const result = find(stop.signal);
    await clock.asleep();
    stop.abort(new Error("left"));
    await expect(result).rejects.toThrow("left");
    expect(listeners()).toEqual(before);
  });

  it("ends with the pod, also when another takes its name", async () => {
    const { find, clock, pods } = setUp();
    const result = find();
    await clock.asleep();
    pods.put(pod("web", { uid: "another" }));
    await expect(result).rejects.toMatchObject({ code: "CALLER_CHANGED" });
  });
});

describe("in managed mode", () => {
  function managed() {
    const { assignments, lookup: _, ...world } = setUp();
    const rules = { namespacedOnly: true };
    const lookup = new IdentityLookup({ ...world, assignments: undefined, rules, patience: longPatience });
    const find = () => {
      const result = lookup.assignedTo(web, any, never);
      result.catch(() => {});
      return result;
    };
    return { ...world, lookup, find };
  }

  it("an identity is there without an assignment", async () => {
    const { find, clock } = managed();
    expect(await find()).toEqual({
      identity: expect.objectContaining({ clientId: reader.clientId }),
      isJustAssigned: false,
    });
    expect(clock.sleepers).toBe(0);
  });

  it.each([
    { what: "binding", take: ({ bindings }: ReturnType<typeof managed>) => bindings.remove(bound), put: "bindings" },
    {
      what: "identity",
      take: ({ identities }: ReturnType<typeof managed>) => identities.remove(reader),
      put: "identities",
    },
  ] as const)("a $what that is seen a little later is waited for", async ({ take, put }) => {
    const world = managed();
    take(world);
    const result = world.find();
    await world.clock.asleep();
    world.clock.advance(1199);
    await new Promise((resolve) => setImmediate(resolve));
    if (put === "bindings") world.bindings.put(bound);
    else world.identities.put(reader);
    expect((await result).identity.meta.name).toBe("reader");
  });

  it("nothing is waited for longer than for an unknown caller", async () => {
    const { find, clock, bindings } = managed();
    bindings.remove(bound);
    const result = find();
    await clock.asleep();
    clock.advance(1200);
    await expect(result).rejects.toMatchObject({
      code: "IDENTITY_NOT_BOUND",
      message: expect.stringMatching(/^no azure identity found for request clientID /),
    });
  });

  it("a token is refused once the binding is gone", () => {
    const { lookup, bindings } = managed();
    expect(() => lookup.confirm(web, reader)).not.toThrow();
    bindings.remove(bound);
    expect(() => lookup.confirm(web, reader)).toThrow(/^no azure identity found/);
  });
});

describe("a just assigned identity", () => {
  it("counts as such for three minutes", async () => {
    const { find, clock, assignments } = setUp();
    assignments.put(record("Assigned"));
    expect((await find()).isJustAssigned).toBe(true);
    clock.advance(3 * 60_000);
    expect((await find()).isJustAssigned).toBe(false);
    assignments.put(record("Assigned"));
    expect((await find()).isJustAssigned).toBe(false);
  });

  it("is none that the first list shows: it may have been assigned long ago", async () => {
    const { find, assignments } = setUp();
    assignments.isReady = false;
    assignments.put(record("Assigned"));
    assignments.isReady = true;
    expect((await find()).isJustAssigned).toBe(false);
    assignments.put(record("Created"));
    assignments.put(record("Assigned"));
    expect((await find()).isJustAssigned).toBe(true);
  });

  it("is forgotten with its record", async () => {
    const { find, assignments } = setUp();
    assignments.put(record("Assigned"));
    assignments.remove(record("Assigned"));
    assignments.put(record(""));
    expect((await find()).isJustAssigned).toBe(false);
  });
});

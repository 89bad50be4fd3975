import { describe, expect, it } from "vitest";
import { demo, drifting, vm } from "../../test/support/drifting.ts";
import { assignment, binding, identity, identityId, pod } from "../../test/support/make.ts";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { resourceKey } from "../api/resource-id.ts";
import { Fault } from "../base/fault.ts";
import { DriftRepair } from "./drift.ts";

describe("what has drifted", () => {
  it("finds what somebody took off, until a patch has put it back", async () => {
    await using t = drifting();
    expect([await t.round(), t.drift.found]).toEqual([[], []]);
    t.machines.takeOff(vm(0), demo);
    expect(await t.next()).toEqual(["missing on node-0: a0"]);
    expect(t.drift.found).toEqual([{ kind: "missing", machine: vm(0), resourceId: demo }]);
    expect(await t.next()).toEqual([]); // known already
    expect(t.found()).toBe(1);

    t.machines.put(vm(0), demo);
    t.drift.mended(t.drift.found);
    expect([t.told.at(-1), t.drift.found]).toEqual(["mended missing on node-0: a0", []]);
    expect(await t.next()).toEqual([]);
  });

  it("tells those who suffer when Azure refuses to put an identity back", async () => {
    await using t = drifting();
    t.machines.takeOff(vm(0), demo);
    await t.round();
    const [drift] = t.drift.found;
    if (drift === undefined) throw new Error("nothing is found");
    t.drift.refused(drift, { fault: new Fault("ARM_IDENTITY_REFUSED", "no"), retryInMs: 1_000, isNew: true });
    expect(t.told.at(-1)).toBe("a0 hears: no");
    expect(t.drift.found).toEqual([drift]);
  });

  it("drops what is mended without it, and what nobody wants any more", async () => {
    await using t = drifting({ count: 2 });
    t.machines.takeOff(vm(0), demo);
    t.machines.takeOff(vm(1), demo);
    await t.round();
    expect(t.drift.found).toHaveLength(2);
    t.machines.put(vm(0), demo);
    t.becomes({ pods: [pod("a0")] });
    await t.next();
    expect(t.drift.found).toEqual([]);
  });

  it("leaves machines alone on which work is under way, or was while they were read", async () => {
    await using t = drifting({ count: 2 });
    t.busy.add(vm(0));
    t.machines.takeOff(vm(0), demo);
    t.machines.takeOff(vm(1), demo);
    t.reads(async (machine) => {
      t.busy.add(machine);
      return await t.machines.read(machine);
    });
    expect(await t.round()).toEqual([]);
    expect(t.machines.reads).toEqual([vm(1)]);
  });

  it("leaves machines to the next round whose reads would take the room for changes", async () => {
    await using t = drifting({ count: 2 });
    t.roomless.add(vm(0));
    t.machines.takeOff(vm(0), demo);
    expect([await t.round(), t.machines.reads]).toEqual([[], [vm(1)]]);
    t.roomless.clear();
    expect(await t.next()).toEqual(["missing on node-0: a0"]);
  });

  it.each([
    { when: "while it was read, and ended while Azure was asked", isBusyAtRead: true, asked: [] },
    { when: "while Azure was asked", isBusyAtRead: false, asked: [demo] },
  ])("takes nothing for stale on a machine on which work was under way $when", async ({ isBusyAtRead, asked }) => {
    await using t = drifting();
    t.machines.create(demo, "old");
    t.machines.put(vm(0), demo);
    t.machines.create(demo, "client-of-demo");
    const clientId = t.machines.clientId.bind(t.machines);
    t.machines.clientId = async (resourceId) => {
      if (isBusyAtRead) t.busy.clear();
      else t.busy.add(vm(0));
      return await clientId(resourceId);
    };
    t.reads(async (machine) => {
      if (isBusyAtRead) t.busy.add(machine);
      return await t.machines.read(machine);
    });
    expect([await t.round(), t.machines.asked]).toEqual([[], asked]);
  });

  it("does not take for missing what pods have come to want while the machine was read", async () => {
    await using t = drifting();
    t.machines.takeOff(vm(0), demo);
    const other = resourceKey(identityId("other"));
    t.reads(async (machine) => {
      const before = await t.machines.read(machine);
      const late = [identity("other"), binding("other", { spec: { selector: "demo" } })] as const;
      const of = { pod: pod("a0"), identity: late[0], binding: late[1] };
      t.becomes({
        identities: [identity("demo"), late[0]],
        bindings: [binding("demo"), late[1]],
        assignments: [assignment({ ...of, identity: identity("demo"), binding: binding("demo") }), assignment(of)],
      });
      t.machines.put(machine, other);
      t.clock.advance(60_000);
      return before;
    });
    expect(await t.round()).toEqual(["missing on node-0: a0"]);
    expect(t.drift.found).toEqual([{ kind: "missing", machine: vm(0), resourceId: demo }]);
  });

  it("is off when its interval is 0", async () => {
    const nobody = () => expect.fail("nobody asked for it");
    const options = {
      read: nobody,
      clientId: nobody,
      snapshot: nobody,
      isBusy: nobody,
      mayRead: nobody,
      onFound: nobody,
      clock: new FakeClock(),
    };
    const drift = new DriftRepair({ ...options, intervalMs: 0, events: {} as never });
    await drift.run(new AbortController().signal);
    expect(drift.found).toEqual([]);
  });
});

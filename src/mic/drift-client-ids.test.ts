import { describe, expect, it } from "vitest";
import { demo, drifting, vm } from "../../test/support/drifting.ts";
import { assignment, binding, identity, identityId, pod } from "../../test/support/make.ts";
import { Fault } from "../base/fault.ts";

describe("an identity that was created anew, or named wrongly", () => {
  it.each([
    { when: "the plan puts the identity there anyway", state: "Created", said: "client-of-demo", then: [] },
    { when: "the identity was created anew", state: "Assigned", said: "other", then: ["stale on node-0: a0"] },
    { when: "it was, and the record waits", state: "Created", said: "other", then: ["stale on node-0: a0"] },
    { when: "Azure spells the client ID otherwise", state: "Assigned", said: "CLIENT-of-demo", then: [] },
    { when: "Azure gives no client ID yet", state: "Assigned", said: "", then: [] },
  ] as const)("finds $then when $when", async ({ state, said, then }) => {
    const record = assignment({ pod: pod("a0"), identity: identity("demo"), binding: binding("demo") }, state);
    await using t = drifting({ assignments: [record] });
    t.machines.takeOff(vm(0), demo);
    t.machines.create(demo, said);
    if (said !== "client-of-demo") t.machines.put(vm(0), demo);
    if (said === "other") t.machines.create(demo, "client-of-demo"); // anew, since it is on the machine
    expect(await t.round()).toEqual(then);
  });

  it.each([
    { client: "client-of-demo", then: [] },
    { client: "", then: [] },
    { client: "CLIENT-of-demo", then: [] },
    { client: "third", then: ["twin is not client-of-demo"] },
  ])("never takes an AzureIdentity that says '$client' for a reason to touch the machine", async ({ client, then }) => {
    const twin = identity("twin", { spec: { resourceID: identityId("DEMO"), clientID: client } });
    await using t = drifting({ identities: [identity("demo"), twin] });
    t.machines.create(demo, "client-of-demo");
    t.machines.put(vm(0), demo);
    expect(await t.round()).toEqual(then);
    expect([t.drift.found, t.machines.asked]).toEqual([[], then.map(() => demo)]);
    expect(await t.next()).toEqual([]); // told once
  });

  it("tells of another mistake, and finds what is stale beside it", async () => {
    await using t = drifting({ identities: [identity("demo", { spec: { clientID: "mistake" } })] });
    t.machines.create(demo, "first");
    t.machines.put(vm(0), demo);
    expect(await t.round()).toEqual(["demo is not first"]);
    t.becomes({ identities: [identity("demo", { spec: { clientID: "another" } })] });
    expect(await t.next()).toEqual(["demo is not first"]);
    t.machines.create(demo, "created anew");
    expect(await t.next()).toEqual(["stale on node-0: a0"]);
  });

  it.each([
    { code: "ARM_FORBIDDEN", told: ["demo is not old, or ARM_FORBIDDEN"] },
    { code: "ARM_NOT_FOUND", told: ["demo is not old, or ARM_NOT_FOUND"] },
    { code: "ARM_ERROR", told: ["ARM_ERROR demo"] },
    { code: "ARM_UNREACHABLE", told: ["ARM_UNREACHABLE demo"] },
  ] as const)("takes nothing for stale that Azure does not show, $code", async ({ code, told }) => {
    await using t = drifting();
    t.machines.create(demo, "old");
    t.machines.put(vm(0), demo);
    t.machines.create(demo, "client-of-demo");
    t.machines.hide(demo, new Fault(code, "no"));
    expect(await t.round()).toEqual(told);
    expect(t.drift.found).toEqual([]);
    t.machines.hide(demo, undefined);
    expect(await t.next()).toEqual(["stale on node-0: a0"]);
  });

  it("says once that Azure shows no identities, and again when that begins anew", async () => {
    await using t = drifting({ identities: [identity("demo", { spec: { clientID: "mistake" } })] });
    t.machines.create(demo, "first");
    t.machines.put(vm(0), demo);
    t.machines.hide(demo, new Fault("ARM_ERROR", "no"));
    expect(await t.round()).toEqual(["ARM_ERROR demo"]);
    expect(await t.next()).toEqual([]);
    t.machines.hide(demo, undefined);
    expect(await t.next()).toEqual(["demo is not first"]);
    t.machines.hide(demo, new Fault("ARM_ERROR", "no"));
    expect(await t.next()).toEqual(["ARM_ERROR demo"]);
  });

  it("asks for an identity once a round, and again before a machine suffers for an old answer", async () => {
    await using t = drifting({ count: 40, identities: [identity("demo", { spec: { clientID: "mistake" } })] });
    t.machines.create(demo, "first");
    for (let i = 0; i < 40; i += 1) t.machines.put(vm(i), demo);
    expect(await t.round()).toEqual(["demo is not first"]);
    expect(t.machines.asked).toEqual([demo]);
    t.reads(async (machine) => {
      if (t.machines.reads.length === 79) t.machines.create(demo, "second");
      if (t.machines.reads.length === 79) t.machines.put(machine, demo);
      return await t.machines.read(machine);
    });
    expect(await t.next()).toEqual(["demo is not second"]);
    expect([t.drift.found, t.machines.asked]).toEqual([[], [demo, demo, demo]]);
  });

  it("renews an identity once when that does not help", async () => {
    await using t = drifting();
    t.machines.create(demo, "old");
    t.machines.put(vm(0), demo);
    t.machines.create(demo, "client-of-demo");
    expect(await t.round()).toEqual(["stale on node-0: a0"]);
    t.drift.mended(t.drift.found);
    expect(t.told.at(-1)).toBe("mended stale on node-0: a0");
    expect(await t.next()).toEqual([]);
    t.machines.put(vm(0), demo);
    expect(await t.next()).toEqual([]);
    t.machines.create(demo, "created again");
    t.becomes({ identities: [identity("demo", { spec: { clientID: "created again" } })] });
    expect(await t.next()).toEqual(["stale on node-0: a0"]);
  });
});

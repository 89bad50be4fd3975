import { describe, expect, it } from "vitest";
import { FakeMachines } from "../../test/support/azure/fake-machines.ts";
import { appear, carryOut, FakeRecords, idOf, names, VM, vanish } from "../../test/support/carried-out.ts";
import { identityId } from "../../test/support/make.ts";
import { Fault } from "../base/fault.ts";

describe("what Azure did not do", () => {
  it("confirms what Azure did although it refused the rest", async () => {
    const machines = new FakeMachines();
    machines.refuse(idOf("bad"));
    const records = new FakeRecords();
    const { outcome, told, messages } = await carryOut(appear, records, machines);
    expect(records.done.slice(2)).toEqual(["confirm a-default-good", "  Assigned, cleared 0"]);
    expect(outcome).toEqual({
      fault: undefined,
      refused: { ids: new Set([idOf("bad")]), retryInMs: machines.retryInMs },
    });
    expect(told).toEqual(["BindingApplyError bad-binding", "BindingApplied good-binding"]);
    expect(messages[0]).toBe(`bad-binding: Azure refuses ${idOf("bad")}; in quarantine`);
  });

  it("looks again when the first of several refused identities is due", async () => {
    const machines = new FakeMachines();
    for (const name of names) machines.refuse(idOf(name));
    const patch = machines.patch.bind(machines);
    machines.patch = async (...args) => {
      const result = await patch(...args);
      const [[first, refusal] = []] = result.refused;
      if (first === undefined || refusal === undefined) throw new Error("nothing is refused");
      return { ...result, refused: new Map([...result.refused, [first, { ...refusal, retryInMs: 7 }]]) };
    };
    const { outcome } = await carryOut(appear, new FakeRecords(), machines);
    expect(outcome.refused).toEqual({ ids: new Set(names.map(idOf)), retryInMs: 7 });
  });

  it("does not tell of others' identities that were refused together with a record's own", async () => {
    const machines = new FakeMachines();
    const facts = { identities: `${identityId("bad")},${identityId("secret")}` };
    const fault = new Fault("ARM_IDENTITY_REFUSED", `no to ${facts.identities}`, { facts });
    const refused = new Map([[idOf("bad"), { fault, retryInMs: 1_000, isNew: true }]]);
    machines.patch = async () => ({ done: new Set([idOf("good")]), refused, fault: undefined });
    const { messages } = await carryOut(appear, new FakeRecords(), machines);
    expect(messages[0]).toMatch(/^bad-binding: Azure refuses \S*bad: /);
    expect(messages.join()).not.toContain("secret");
  });

  it("takes for a failure what Azure left undone without a word", async () => {
    const machines = new FakeMachines();
    machines.patch = async () => ({ done: new Set([idOf("good")]), refused: new Map(), fault: undefined });
    const { outcome, told } = await carryOut(appear, new FakeRecords(), machines);
    expect(outcome.fault?.message).toBe(`Azure did not do all that was asked of ${VM}`);
    expect(told).toEqual(["BindingApplyError bad-binding", "BindingApplied good-binding"]);
  });

  it("does not let a record go whose identity Azure refuses to take off", async () => {
    const machines = new FakeMachines();
    const fault = new Fault("ARM_IDENTITY_REFUSED", "no");
    const refused = new Map([[idOf("good"), { fault, retryInMs: 1_000, isNew: true }]]);
    machines.patch = async () => ({ done: new Set(), refused, fault: undefined });
    const records = new FakeRecords();
    const { told, messages } = await carryOut(vanish, records, machines);
    expect([records.done, told, messages]).toEqual([[], ["BindingRemoveError good-binding"], ["good-binding: no"]]);
  });

  it.each([
    {
      named: identityId("bad"),
      hears: ["bad-binding: no", "good-binding: it waits for another identity on the machine, which Azure refuses"],
    },
    {
      named: `${identityId("bad")},${identityId("secret")}`,
      hears: [
        `bad-binding: Azure refuses ${idOf("bad")}: check that it exists, and grant MIC the role Managed Identity Operator on it`,
        "good-binding: it waits for another identity on the machine, which Azure refuses",
      ],
    },
    { named: undefined, hears: ["bad-binding: no", "good-binding: no"] },
  ])("tells only its own records which identity Azure refuses: $named", async ({ named, hears }) => {
    const machines = new FakeMachines();
    const facts = named === undefined ? {} : { identities: named };
    machines.failNext(new Fault("ARM_IDENTITY_REFUSED", "no", { facts }));
    const { messages } = await carryOut(appear, new FakeRecords(), machines);
    expect(messages).toEqual(hears);
  });

  it("removes a record only when its identity is off the machine", async () => {
    const machines = new FakeMachines();
    machines.put(VM, idOf("good"));
    machines.failNext(new Fault("ARM_THROTTLED", "slow down", { retryAfterMs: 7_000 }));
    const records = new FakeRecords();
    const first = await carryOut(vanish, records, machines);
    expect(first.outcome.fault?.retryAfterMs).toBe(7_000);
    expect([records.done, first.told]).toEqual([[], ["BindingRemoveError good-binding"]]);

    const second = await carryOut(vanish, records, machines);
    expect([records.done, second.told]).toEqual([["remove a-default-good"], ["BindingRemoved good-binding"]]);
    expect(machines.on(VM)).toEqual([]);
  });

  it("reports the fault that asks for the longest pause", async () => {
    const machines = new FakeMachines();
    machines.failNext(new Fault("ARM_THROTTLED", "slow down", { retryAfterMs: 7_000 }));
    const { outcome } = await carryOut(appear, new FakeRecords("write a-default-bad"), machines);
    expect(outcome.fault?.code).toBe("ARM_THROTTLED");
  });

  it("takes what the next change is for neither for done nor for failed, and tells the pods why they wait", async () => {
    const machines = new FakeMachines();
    machines.patch = async () => ({
      done: new Set([idOf("good")]),
      refused: new Map(),
      fault: undefined,
      goOnInMs: 40_000,
    });
    const records = new FakeRecords();
    const { outcome, told } = await carryOut(appear, records, machines);
    expect(outcome).toEqual({ fault: undefined, refused: { ids: new Set([idOf("bad")]), retryInMs: 40_000 } });
    expect(records.done.slice(2)).toEqual(["confirm a-default-good", "  Assigned, cleared 0"]);
    expect(told).toEqual(["WaitingForAzure bad-binding", "BindingApplied good-binding"]);
  });

  it("tells the pods whose machine somebody else is changing", async () => {
    const machines = new FakeMachines();
    const patch = machines.patch.bind(machines);
    machines.patch = async (machine, wish, signal) => {
      wish.onBusy?.("Updating", 120_000);
      return await patch(machine, wish, signal);
    };
    const { told } = await carryOut(appear, new FakeRecords(), machines);
    expect(told.filter((line) => line.startsWith("WaitingForAzure"))).toEqual([
      "WaitingForAzure bad-binding",
      "WaitingForAzure good-binding",
    ]);
  });
});

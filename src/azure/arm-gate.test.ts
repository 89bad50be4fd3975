import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { Fault } from "../base/fault.ts";
import { ArmGate } from "./arm-gate.ts";
import { machineOf } from "./compute.ts";

const never = new AbortController().signal;
const vm = (name: string) =>
  machineOf(`/subscriptions/Sub/resourcegroups/rg/providers/Microsoft.Compute/virtualMachines/${name}`);
const throttled = (code = "TooManyRequests", retryAfterMs = 30_000) =>
  new Fault("ARM_THROTTLED", "slow down", { facts: { code }, retryAfterMs });

function gate() {
  const clock = new FakeClock();
  const told: unknown[] = [];
  const onBreaker = (...all: unknown[]) => told.push(all);
  return { clock, told, gate: new ArmGate({ clock, random: () => 1, onBreaker }) };
}

describe("ArmGate", () => {
  it("lets reads go while changes are kept back, but no patch begin", async () => {
    const { gate: entry } = gate();
    entry.failed("update", vm("a"), throttled("SubscriptionRequestsThrottled"));
    await entry.enter("get", vm("b"), never);
    await expect(entry.enter("update", vm("b"), never)).rejects.toMatchObject({ code: "ARM_THROTTLED" });
    expect(entry.delayMs(vm("b"))).toBe(30_000);
  });

  it("closes as soon as Azure accepts a change, which may go on for minutes", async () => {
    const { gate: entry, clock, told } = gate();
    entry.failed("update", vm("a"), throttled("SubscriptionRequestsThrottled"));
    clock.advance(30_000);
    await entry.enter("update", vm("a"), never);
    expect(() => entry.check("update", vm("b"))).toThrow("again in 1 s");
    entry.hearing("update", vm("a"))({ status: 202, resource: new Map() });
    entry.check("update", vm("b"));
    expect(told).toEqual([
      ["open", "sub"],
      ["half-open", "sub"],
      ["closed", "sub"],
    ]);
  });

  it("waits when Azure says that little is left, even where it takes the call", () => {
    const { gate: entry } = gate();
    entry.hearing("update", vm("a"))({ status: 202, subscriptionWrites: 0, resource: new Map() });
    expect(entry.delayMs(vm("b"))).toBeGreaterThan(0);
  });

  it("lets another call try when the one that tried was stopped", async () => {
    const { gate: entry, clock } = gate();
    entry.failed("update", vm("a"), throttled("SubscriptionRequestsThrottled"));
    clock.advance(30_000);
    await entry.enter("update", vm("a"), never);
    entry.left("update", vm("a"));
    await entry.enter("update", vm("b"), never);
  });

  it("takes three machines throttled within a minute for the subscription, but not when it takes longer or is one machine", () => {
    const { gate: entry, clock, told } = gate();
    for (const name of ["a", "a", "a", "b"]) entry.failed("update", vm(name), throttled());
    clock.advance(60_000);
    entry.failed("update", vm("c"), throttled());
    expect(told).toEqual([]);
    entry.failed("update", vm("d"), throttled());
    entry.failed("update", vm("e"), throttled());
    expect(told).toEqual([["open", "sub"]]);
  });

  it.each([
    { asked: 10, ms: 1_000 },
    { asked: 7_200_000, ms: 900_000 },
  ])("rests a machine that is to wait $asked ms for $ms ms", ({ asked, ms }) => {
    const { gate: entry } = gate();
    entry.failed("update", vm("a"), throttled("TooManyRequests", asked));
    expect([entry.delayMs(vm("a")), entry.delayMs(vm("b"))]).toEqual([ms, 0]);
  });

  it("counts no answer of Azure as an outage unless it is one", () => {
    const { gate: entry, told } = gate();
    const fault = (code: "ARM_ERROR" | "ARM_FORBIDDEN", status: number) => new Fault(code, "no", { facts: { status } });
    for (let i = 0; i < 20; i += 1) entry.failed("get", vm("a"), fault("ARM_ERROR", 409));
    for (let i = 0; i < 20; i += 1) entry.failed("get", vm("a"), fault("ARM_FORBIDDEN", 403));
    for (let i = 0; i < 4; i += 1) entry.failed("get", vm("a"), fault("ARM_ERROR", 503));
    expect(told).toEqual([]);
    entry.failed("get", vm("b"), new Fault("ENTRA_UNREACHABLE", "no"));
    expect(told).toEqual([["open", "sub"]]);
  });

  it("begins anew when MIC signs in as somebody else, and says so where something was kept back", () => {
    const { gate: entry, told } = gate();
    entry.failed("get", vm("a"), throttled("SubscriptionRequestsThrottled"));
    entry.reset();
    entry.reset();
    expect(entry.delayMs(vm("a"))).toBe(0);
    expect(told).toEqual([
      ["open", "sub"],
      ["closed", "sub"],
    ]);
  });
});

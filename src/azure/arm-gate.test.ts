import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { Fault } from "../base/fault.ts";
import { ArmGate } from "./arm-gate.ts";
import type { BreakerState } from "./breaker.ts";
import { machineOf } from "./compute.ts";

const never = new AbortController().signal;
const vm = (name: string) =>
  machineOf(`/subscriptions/Sub/resourcegroups/rg/providers/Microsoft.Compute/virtualMachines/${name}`);
const throttled = (code = "TooManyRequests", retryAfterMs = 30_000) =>
  new Fault("ARM_THROTTLED", "slow down", { facts: { code }, retryAfterMs });
const fault = (code: "ARM_ERROR" | "ARM_FORBIDDEN", status: number, retryAfterMs?: number) =>
  new Fault(code, "no", { facts: { status }, retryAfterMs });

function gate() {
  const clock = new FakeClock();
  const told: unknown[] = [];
  const reasons: (Fault | undefined)[] = [];
  const onBreaker = (state: BreakerState, subscription: string, reason?: Fault) => {
    told.push([state, subscription]);
    reasons.push(reason);
  };
  return { clock, told, reasons, gate: new ArmGate({ clock, random: () => 1, onBreaker }) };
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

  it("says why calls are kept back", () => {
    const { gate: entry, reasons } = gate();
    entry.failed("update", vm("a"), throttled("SubscriptionRequestsThrottled"));
    const silence = new Fault("ARM_UNREACHABLE", "refused");
    const away = gate();
    for (let i = 0; i < 5; i += 1) away.gate.failed("get", vm("a"), silence);
    expect([...reasons, ...away.reasons].map((one) => one?.code)).toEqual(["ARM_THROTTLED", "ARM_UNREACHABLE"]);
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
    for (let i = 0; i < 20; i += 1) entry.failed("get", vm(`a${i}`), fault("ARM_ERROR", 409));
    for (let i = 0; i < 20; i += 1) entry.failed("get", vm(`b${i}`), fault("ARM_FORBIDDEN", 403));
    expect(told).toEqual([]);
  });

  it.each([
    "ARM_UNREACHABLE",
    "ENTRA_UNREACHABLE",
    "ENTRA_ERROR",
    "IMDS_UNREACHABLE",
    "IMDS_ERROR",
    "IMDS_THROTTLED",
  ] as const)("takes %s five times in a row for an outage of all, whichever machine it was for", (code) => {
    const { gate: entry, told } = gate();
    for (let i = 0; i < 4; i += 1) entry.failed("get", vm("a"), new Fault(code, "no"));
    entry.succeeded("get", vm("b"));
    for (let i = 0; i < 4; i += 1) entry.failed("get", vm("a"), new Fault(code, "no"));
    expect([told, entry.delayMs(vm("a"))]).toEqual([[], 0]);
    entry.failed("get", vm("a"), new Fault(code, "no"));
    expect(told).toEqual([["open", "sub"]]);
    expect([entry.delayMs(vm("a")), entry.delayMs(vm("b"))]).toEqual([10_000, 5_000]);
  });

  it("rests a machine that fails alone, longer each time, up to a minute, and no other", () => {
    const { gate: entry, clock, told } = gate();
    const rests = Array.from({ length: 8 }, () => {
      clock.advance(entry.delayMs(vm("a")));
      entry.failed("update", vm("a"), fault("ARM_ERROR", 500));
      entry.succeeded("update", vm("b"));
      return entry.delayMs(vm("a"));
    });
    expect(rests).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    expect([entry.delayMs(vm("b")), told]).toEqual([0, []]);
    entry.succeeded("update", vm("a"));
    clock.advance(60_000);
    entry.failed("update", vm("a"), fault("ARM_ERROR", 500));
    expect(entry.delayMs(vm("a"))).toBe(1_000);
  });

  it("rests a machine that fails alone for as long as Azure asks, fifteen minutes at most", () => {
    const { gate: entry } = gate();
    entry.failed("update", vm("a"), fault("ARM_ERROR", 503, 90_000));
    entry.failed("update", vm("b"), fault("ARM_ERROR", 503, 7_200_000));
    expect([entry.delayMs(vm("a")), entry.delayMs(vm("b")), entry.delayMs(vm("c"))]).toEqual([90_000, 900_000, 0]);
  });

  it("rests a machine that is busy for as long as Azure asks, and counts that as an answer", () => {
    const { gate: entry, told } = gate();
    for (const name of ["a", "b", "c"]) entry.failed("update", vm(name), fault("ARM_ERROR", 409, 30_000));
    entry.failed("update", vm("d"), fault("ARM_ERROR", 409));
    expect([entry.delayMs(vm("a")), entry.delayMs(vm("d")), told]).toEqual([30_000, 0, []]);
  });

  it("takes three machines that fail within a minute with no answer in between for an outage", () => {
    const { gate: entry, clock, told } = gate();
    const fail = (...names: string[]) => {
      for (const name of names) entry.failed("update", vm(name), fault("ARM_ERROR", 503));
    };
    fail("a", "b");
    entry.succeeded("update", vm("d"));
    fail("a", "b", "a", "b");
    clock.advance(60_000);
    fail("c");
    expect(told).toEqual([]);
    fail("a", "b");
    expect(told).toEqual([["open", "sub"]]);
  });

  it("lets a machine try that has not failed, where there is one, and those that failed five seconds later", async () => {
    const { gate: entry, clock } = gate();
    for (const name of ["a", "b", "c"]) entry.failed("update", vm(name), fault("ARM_ERROR", 500));
    clock.advance(5_000);
    for (const name of ["a", "b", "c"]) expect(() => entry.check("update", vm(name))).toThrow("again in 5 s");
    expect([entry.delayMs(vm("a")), entry.delayMs(vm("d"))]).toEqual([5_000, 0]);
    await entry.enter("update", vm("d"), never);
    entry.failed("update", vm("d"), fault("ARM_ERROR", 500));
    clock.advance(10_000);
    expect([entry.delayMs(vm("d")), entry.delayMs(vm("e"))]).toEqual([5_000, 0]);
    clock.advance(5_000);
    await entry.enter("update", vm("a"), never);
    entry.succeeded("update", vm("a"));
    await entry.enter("update", vm("b"), never);
  });

  it("takes a 429 for the subscription's only when its own head says that nothing is left", async () => {
    const { gate: entry, clock, told } = gate();
    entry.hearing("update", vm("a"))({ status: 429, subscriptionWrites: 0, resource: new Map() });
    entry.failed("update", vm("a"), throttled());
    clock.advance(30_000);
    await entry.enter("update", vm("a"), never);
    entry.succeeded("update", vm("a"));
    clock.advance(60_000);
    entry.failed("update", vm("b"), throttled());
    expect(told.map((all) => (all as unknown[])[0])).toEqual(["open", "half-open", "closed"]);
    expect([entry.delayMs(vm("b")), entry.delayMs(vm("c"))]).toEqual([30_000, 0]);
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

import { describe, expect, it, vi } from "vitest";
import { pod } from "../../test/support/make.ts";
import { BURST_MS, loopInHand, podsOf, type Work } from "../../test/support/time/loop-in-hand.ts";
import { Fault, type FaultCode } from "../base/fault.ts";

const fault = (retryAfterMs?: number, code: FaultCode = "ARM_ERROR") =>
  new Fault(code, "Azure hiccups", { retryAfterMs });

/** The pods of a work, and whether it leaves the machine itself alone. */
function whatOf({ plan: { work, attach } }: Work) {
  const pods = podsOf(work);
  return attach.length > 0 ? pods : `records of ${pods.join(", ")}`;
}
describe("a machine that failed", () => {
  it("rests a machine after a failure, longer each time, and at least as long as it is asked to", async () => {
    const t = loopInHand();
    for (const [retryAfterMs, pauseMs] of [
      [undefined, 1_000],
      [undefined, 2_000],
      [30_000, 30_000],
      [undefined, 8_000],
    ] as const) {
      await t.look();
      t.works.at(-1)?.end({ fault: fault(retryAfterMs, "KUBE_ERROR") });
      await vi.waitFor(() => expect(t.failures.at(-1)).toEqual({ code: "KUBE_ERROR", pauseMs }));
      const count = t.works.length;
      await t.look(1); // its end is a change, but the machine rests
      expect(t.works).toHaveLength(count);
      t.clock.advance(pauseMs - BURST_MS);
    }
    await t.look();
    expect(t.works).toHaveLength(5);
    await t.end();
  });

  it("rests no longer than a quarter of an hour, whatever Azure asks for", async () => {
    const t = loopInHand();
    await t.look();
    t.works.at(-1)?.end({ fault: fault(86_400_000) });
    await vi.waitFor(() => expect(t.failures).toEqual([{ code: "ARM_ERROR", pauseMs: 15 * 60_000 }]));
    await t.end();
  });

  it.each([
    { code: "ARM_ERROR", asksMs: undefined, then: [["a", "b"]] },
    // Azure has asked for the pause, whatever we wish; records can be written meanwhile.
    { code: "ARM_ERROR", asksMs: 600_000, then: ["records of a, b"] },
    { code: "ENTRA_ERROR", asksMs: 600_000, then: ["records of a, b"] },
    { code: "IMDS_THROTTLED", asksMs: 600_000, then: ["records of a, b"] },
    { code: "ARM_THROTTLED", asksMs: undefined, then: ["records of a, b"] },
    { code: "KUBE_ERROR", asksMs: 600_000, then: [["a", "b"]] },
    { code: "KUBE_THROTTLED", asksMs: 600_000, then: [] },
  ] as const)("after $code with Retry-After $asksMs does $then when more is wished", async ({ code, asksMs, then }) => {
    const t = loopInHand();
    await t.look();
    t.works[0]?.end({ fault: fault(asksMs, code) });
    await vi.waitFor(() => expect(t.failures).toHaveLength(1));
    t.becomes({ pods: [pod("a"), pod("b")] });
    await t.look(1);
    expect(t.works.slice(1).map(whatOf)).toEqual(then);
    await t.end();
  });

  it("begins with the first pause when more is wished", async () => {
    const t = loopInHand();
    await t.look();
    t.works[0]?.end({ fault: fault() });
    await vi.waitFor(() => expect(t.failures).toHaveLength(1));
    t.becomes({ pods: [pod("a"), pod("b")] });
    await t.look(1);
    t.works.at(-1)?.end({ fault: fault() });
    await vi.waitFor(() => expect(t.failures.map(({ pauseMs }) => pauseMs)).toEqual([1_000, 1_000]));
    await t.end();
  });

  it("keeps the pause that Azure asked for although records cannot be written meanwhile", async () => {
    const t = loopInHand();
    await t.look();
    t.works[0]?.end({ fault: fault(600_000) });
    await t.look(1);
    t.works[1]?.end({ fault: fault(undefined, "KUBE_ERROR") });
    await vi.waitFor(() => expect(t.failures).toHaveLength(2));
    t.becomes({ pods: [pod("a"), pod("b")] });
    await t.look(2);
    expect(t.works.slice(1).map(whatOf)).toEqual(["records of a", "records of a, b"]);
    t.works[2]?.end({ fault: undefined });
    t.clock.advance(600_000);
    await t.look();
    expect(t.works.slice(3).map(whatOf)).toEqual([["a", "b"]]);
    await t.end();
  });

  it.each(["ARM_CREDENTIAL", "ARM_THROTTLED"] as const)(
    "tries again at once after %s when it is told to",
    async (code) => {
      const t = loopInHand();
      await t.look();
      t.works[0]?.end({ fault: fault(600_000, code) });
      await vi.waitFor(() => expect(t.failures).toHaveLength(1));
      t.loop.tryAgain();
      await t.look();
      expect(t.works[1]?.plan.attach).toHaveLength(1);
      await t.end();
    },
  );

  it("does not begin again because less is wished than what failed", async () => {
    const t = loopInHand({ pods: [pod("a"), pod("b")] });
    await t.look();
    t.works[0]?.end({ fault: fault() });
    await vi.waitFor(() => expect(t.failures).toHaveLength(1));
    t.becomes({ pods: [pod("b")] });
    await t.look(1);
    expect(t.works).toHaveLength(1);
    await t.end();
  });

  it("begins with the first pause again after a success", async () => {
    const t = loopInHand();
    for (const outcome of [fault(), undefined, fault()]) {
      await t.look();
      t.works.at(-1)?.end({ fault: outcome });
      if (outcome === undefined) continue;
      await vi.waitFor(() => expect(t.failures.at(-1)?.pauseMs).toBe(1_000));
      await t.look(1);
      t.clock.advance(1_000);
    }
    expect(t.failures).toHaveLength(2);
    await t.end();
  });
});

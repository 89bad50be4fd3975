import { describe, expect, it } from "vitest";
import type { Iptables } from "./iptables.ts";
import { metered } from "./look-cost.ts";

describe("what looks cost of a processor", () => {
  /** Processor time so far, of this process and of programs it ran, which a look of this cost makes more. */
  function looking() {
    const spent = { own: 1000, programs: 5000 };
    let next = { own: 0, programs: 0, fails: false };
    const iptables: Iptables = {
      variant: "legacy",
      read: async () => {
        spent.own += next.own;
        spent.programs += next.programs;
        if (next.fails) throw new Error("no answer");
        return () => ({ chains: new Set(["ours"]), rules: [] });
      },
      change: async () => {},
    };
    const meter = metered(iptables, { ownMs: () => spent.own, programsMs: () => spent.programs });
    const look = async (own: number, programs: number, fails = false) => {
      next = { own, programs, fails };
      return await meter.iptables.read();
    };
    return { spent, meter, look };
  }

  it("is what NMI and the program that it runs take, and the answer is the same", async () => {
    const { meter, look } = looking();
    const tableOf = await look(3, 10);
    expect(tableOf("nat").chains).toEqual(new Set(["ours"]));
    expect([meter.spentMs(), meter.iptables.variant]).toEqual([13, "legacy"]);
    await look(3, 0);
    expect(meter.spentMs()).toBe(16);
  });

  it("is not what NMI does for pods meanwhile, nor other programs between looks", async () => {
    const { spent, meter, look } = looking();
    await look(3, 2);
    await look(800, 2);
    spent.own += 60_000;
    spent.programs += 9000;
    await look(400, 2);
    expect(meter.spentMs()).toBe(15);
  });

  it("becomes more where all looks come to cost more", async () => {
    const { meter, look } = looking();
    for (let n = 0; n < 20; n += 1) await look(3, 0);
    const before = meter.spentMs();
    for (let n = 0; n < 40; n += 1) await look(30, 0);
    expect(meter.spentMs() - before).toBeGreaterThan(20 * 30);
  });

  it("counts a look that fails", async () => {
    const { meter, look } = looking();
    await expect(look(3, 7, true)).rejects.toThrow("no answer");
    expect(meter.spentMs()).toBe(10);
  });
});

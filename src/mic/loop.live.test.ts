import { describe, expect, it, vi } from "vitest";
import { SmallCluster } from "../../test/support/kube/small-cluster.ts";
import { assignment, binding, identity, node, pod, vmProviderId } from "../../test/support/make.ts";
import { BURST_MS, HOUR, loopInHand } from "../../test/support/time/loop-in-hand.ts";

const machineOf = (name: string) => vmProviderId(name).slice("azure://".length).toLowerCase();

describe("SyncLoop", () => {
  it("looks at once, and again when work has ended", async () => {
    const t = loopInHand();
    await t.look();
    expect(t.works).toHaveLength(1);
    t.works[0]?.end({ fault: undefined });
    await t.look();
    expect(t.works).toHaveLength(2);
    await t.end();
  });

  it("starts nothing on a machine that is busy, and does not wait for it with the others", async () => {
    const t = loopInHand({ pods: [pod("a"), pod("b", { spec: { nodeName: "node-1" } })] });
    await t.look();
    expect(t.works.map(({ plan }) => plan.machine.split("/").at(-1))).toEqual(["node-0", "node-1"]);
    t.works[1]?.end({ fault: undefined });
    await t.look();
    expect(t.works.map(({ plan }) => plan.machine.split("/").at(-1))).toEqual(["node-0", "node-1", "node-1"]);
    await t.end();
  });

  it("lets other machines be rid of what records name, as soon as these are written, however long Azure takes", async () => {
    const before = assignment({ pod: pod("a"), identity: identity("demo"), binding: binding("demo") }, "Assigned");
    const assignments = [new SmallCluster().put({ ...before, machine: machineOf("node-1") })];
    const t = loopInHand({ assignments });
    await t.look();
    expect(t.works.map(({ plan }) => plan.machine)).toEqual([machineOf("node-0")]);
    const { looks } = t.told();
    t.works[0]?.asksAzure();
    await t.look();
    expect(t.told().looks).toBe(looks + 1);
    await t.end();
  });

  it("works on 64 machines at once, and on the others as these end", async () => {
    const names = Array.from({ length: 70 }, (_, i) => `node-${i}`);
    const pods = names.map((name) => pod(name, { spec: { nodeName: name } }));
    const t = loopInHand({ pods, nodes: names.map((name) => node(name)) });
    await t.look();
    expect(t.works).toHaveLength(64);
    t.becomes({ pods: pods.filter(({ nodeName }) => !t.works[0]?.plan.machine.endsWith(`/${nodeName}`)) });
    await t.look();
    expect(t.works).toHaveLength(64);
    t.works[0]?.end({ fault: undefined });
    await t.look();
    expect(t.works).toHaveLength(65);
    await t.end();
  });

  it("works on others while Azure takes its time, so that operations that hang hold up no machine, up to 512", async () => {
    const names = Array.from({ length: 600 }, (_, i) => `node-${i}`);
    const pods = names.map((name) => pod(name, { spec: { nodeName: name } }));
    const t = loopInHand({ pods, nodes: names.map((name) => node(name)) });
    await t.look();
    for (let begun = 64; begun < 512; begun += 64) {
      expect(t.works).toHaveLength(begun);
      for (const { asksAzure } of t.works) asksAzure();
      await t.look();
    }
    for (const { asksAzure } of t.works) asksAzure();
    await t.look();
    expect(t.works).toHaveLength(512);
    t.works[0]?.end({ fault: undefined });
    await t.look();
    expect(t.works).toHaveLength(513);
    await t.end();
  });

  it("survives looks that fail, tells of each, and is stuck when they fail for ten minutes", async () => {
    const t = loopInHand();
    await t.look();
    t.works[0]?.end({ fault: undefined });
    t.breaks(true);
    const begun = t.clock.monotonic() + BURST_MS;
    for (let failed = 1; failed < 25; failed += 1) {
      await vi.waitFor(async () => {
        await t.clock.asleep(2);
        t.clock.advance(BURST_MS);
        expect(t.told().failedLooks).toHaveLength(failed);
      });
      expect(t.told().failedLooks.at(-1)).toBe("a defect");
      t.loop.changed();
      t.clock.advance(30_000);
      expect(t.loop.isStuck).toBe(t.clock.monotonic() > begun + 10 * 60_000);
    }
    expect(t.loop.isStuck).toBe(true);
    t.breaks(false);
    await t.look();
    expect([t.works.length, t.loop.isStuck]).toEqual([2, false]);
    await t.end();
  });

  it("tells when nothing is under way any more, once", async () => {
    const t = loopInHand();
    await t.look();
    expect(t.told().settled).toBe(0);
    t.becomes({ pods: [] });
    t.works[0]?.end({ fault: undefined });
    await t.look();
    t.becomes({});
    await t.look();
    expect(t.told().settled).toBe(1);
    await t.end();
  });

  it("looks again after the resync period although nothing changed", async () => {
    const t = loopInHand({ pods: [] });
    await t.look();
    t.clock.advance(HOUR);
    await t.look();
    expect(t.told().looks).toBe(2);
    await t.end();
  });

  it("is stuck when work on a machine takes half an hour, and not before", async () => {
    const t = loopInHand();
    await t.look();
    t.clock.advance(30 * 60_000);
    expect(t.loop.isStuck).toBe(false);
    t.clock.advance(1);
    expect(t.loop.isStuck).toBe(true);
    await t.end();
    expect([t.loop.isRunning, t.loop.isStuck]).toEqual([false, false]);
  });

  it("is stuck when a change is not looked at", async () => {
    const t = loopInHand();
    expect(t.loop.isRunning).toBe(true);
    t.clock.advance(60_001); // the loop has had no chance to wake up
    expect(t.loop.isStuck).toBe(true);
    await t.end();
  });
});

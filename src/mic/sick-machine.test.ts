import { expect, it } from "vitest";
import { vm } from "../../test/support/azure/fake-azure.ts";
import { FakeCompute } from "../../test/support/azure/fake-compute.ts";
import { hastyMic } from "../../test/support/hasty-mic.ts";
import { binding, identity, node, pod } from "../../test/support/make.ts";
import { PassingTime } from "../../test/support/time/passing-time.ts";

const HOUR_MS = 3_600_000;

it("gives pods of healthy machines their identity at once while one machine has failed for an hour", async () => {
  const time = new PassingTime();
  const compute = new FakeCompute();
  for (const name of ["node-0", "node-1"]) compute.create(vm(name));
  compute.failAlways(vm("node-0"), { status: 500, code: "InternalExecutionError" });
  const objects = {
    nodes: [node("node-0"), node("node-1")],
    identities: [identity("demo")],
    bindings: [binding("demo")],
  };
  const told: unknown[] = [];
  const mic = hastyMic({ time, compute, objects, onBreaker: (...all) => told.push(all) });
  mic.add(pod("sick"));
  await using _leader = await mic.lead();
  await mic.until(() => time.ms >= HOUR_MS);
  const tries = compute.patches.length;
  const waits: number[] = [];
  for (let i = 0; i < 5; i += 1) {
    const name = `good-${i}`;
    const isQuarterOver = after(time, HOUR_MS / 4);
    mic.add(pod(name, { spec: { nodeName: "node-1" } }));
    waits.push(await mic.until(() => mic.isAssigned(name) || isQuarterOver()));
    mic.remove(name);
    await mic.until(isQuarterOver);
  }
  expect([Math.max(...waits) < 1_000, told, compute.on(vm("node-1"))]).toEqual([true, [], []]);
  // The sick machine is tried about once a minute, so that it is well soon after Azure is.
  expect(tries).toBeGreaterThan(30);
  expect(tries).toBeLessThan(90);
});

function after(time: PassingTime, ms: number): () => boolean {
  const end = time.ms + ms;
  return () => time.ms >= end;
}

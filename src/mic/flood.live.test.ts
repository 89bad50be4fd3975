import { expect, it } from "vitest";
import { vm } from "../../test/support/azure/fake-azure.ts";
import { FakeCompute, type Naming } from "../../test/support/azure/fake-compute.ts";
import { hastyMic } from "../../test/support/hasty-mic.ts";
import { binding, identity, identityId, node, pod } from "../../test/support/make.ts";
import { PassingTime } from "../../test/support/time/passing-time.ts";
import { resourceKey } from "../api/resource-id.ts";

const MINUTE_MS = 60_000;
const NODES = ["node-0", "node-1"];
const BAD = Array.from({ length: 100 }, (_, i) => `bad-${String(i).padStart(3, "0")}`);

/** One tenant has a hundred identities that Azure refuses, in one pod; another has one that is sound. */
function flooded(naming: Naming) {
  const time = new PassingTime();
  const compute = new FakeCompute();
  compute.naming = naming;
  compute.refuse(BAD.map(identityId));
  for (const name of NODES) compute.create(vm(name));
  /** When node-0 was changed. */
  const times: number[] = [];
  const timed = {
    get: compute.get.bind(compute),
    update: async (...all: Parameters<FakeCompute["update"]>) => {
      if (all[0].name === "node-0") times.push(time.ms);
      await compute.update(...all);
    },
  };
  const objects = {
    nodes: NODES.map((name) => node(name)),
    identities: [...BAD, "good"].map((name) => identity(name)),
    bindings: [
      ...BAD.map((name) => binding(name, { spec: { selector: "flood" } })),
      binding("good", { spec: { selector: "shop" } }),
    ],
  };
  return { time, compute, times, mic: hastyMic({ time, compute: timed, objects }) };
}

it.each<Naming>(["all", "first", "none"])(
  "a pod waits for none of the bad identities that are searched for on its machine, named: %s",
  async (naming) => {
    const { time, compute, times, mic } = flooded(naming);
    await using _leader = await mic.lead();
    mic.add(pod("flood", { selector: "flood" }));
    await mic.until(() => time.ms >= MINUTE_MS);
    mic.add(pod("shop", { selector: "shop" }));
    expect(await mic.until(() => mic.isAssigned("shop"))).toBeLessThanOrEqual(5_000);
    await mic.until(() => mic.machines.quarantined === BAD.length);
    expect([mic.machines.quarantined, mic.wasStuck()]).toEqual([BAD.length, false]);
    expect(compute.on(vm("node-0"))).toEqual([resourceKey(identityId("good"))]);
    for (const at of times) {
      expect(times.filter((one) => one >= at && one < at + MINUTE_MS).length).toBeLessThanOrEqual(4);
    }
  },
);

it("a pod that comes together with bad identities waits for none of them when Azure has taken its own before", async () => {
  const { mic } = flooded("none");
  await using _leader = await mic.lead();
  mic.add(pod("before", { selector: "shop", spec: { nodeName: "node-1" } }));
  await mic.until(() => mic.isAssigned("before"));
  mic.add(pod("flood", { selector: "flood" }));
  mic.add(pod("shop", { selector: "shop" }));
  expect(await mic.until(() => mic.isAssigned("shop"))).toBeLessThanOrEqual(MINUTE_MS);
});

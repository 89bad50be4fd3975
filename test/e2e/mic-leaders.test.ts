import { setTimeout } from "node:timers/promises";
import { expect, it, onTestFailed } from "vitest";
import { ASSIGNMENT_FINALIZER, kinds } from "../../src/api/kinds.ts";
import { chances } from "../support/chances.ts";
import { hostMic, onKubernetes } from "../support/kube/on-kubernetes.ts";
import type { MicKubernetes } from "../support/mic/kubernetes.ts";
import { MicPair } from "../support/mic/pair.ts";
import { settled } from "../support/time/settled.ts";

/** Leaders that end, well or badly, on a real API server. */

const KILLS = 16;
let at: MicKubernetes;

onKubernetes("leaders that come and go", () => {
  hostMic(
    (own) => {
      at = own;
    },
    { operationMs: 300 },
  );
  const statesOf = (prefix: string) => settled(() => at.states(prefix));

  it("one leads and is active, the other is ready, and takes over when the leader is told to stop", async () => {
    await at.vm("over");
    await at.identity("over");
    await using first = await at.start("first");
    await settled(() => first.text).toMatch(/sync thread started/);
    await using second = await at.start("second");
    await settled(() => second.text).toMatch(/another holds/);
    expect(await first.ask("health probe", "/healthz")).toBe("Active");
    expect(await second.ask("health probe", "/healthz")).toBe("Not Active");
    await settled(() => second.ask("health probe", "/readyz")).toEqual("Ready");
    const lease = await at.client.get(kinds.lease, { namespace: "default", name: "aad-pod-identity-mic" }, at.signal);
    expect(lease).toMatchObject({ spec: { holderIdentity: "first" } });

    await at.pod("over-a", { node: "over", selector: "over" });
    expect(await first.stop()).toBe(0);
    await at.pod("over-b", { node: "over", selector: "over" });
    await statesOf("over-").toEqual(["over-a-default-over Assigned", "over-b-default-over Assigned"]);
    expect(await second.ask("health probe", "/healthz")).toBe("Active");
    expect(await second.stop()).toBe(0);
  });

  it("what changed while none was there is made good by the next", async () => {
    const vm = await at.vm("pause");
    await at.identity("pause-a");
    const next = await at.identity("pause-b");
    await using first = await at.start("first");
    for (const name of ["pause-1", "pause-2"]) await at.pod(name, { node: "pause", selector: "pause-a" });
    await statesOf("pause-").toEqual(["pause-1-default-pause-a Assigned", "pause-2-default-pause-a Assigned"]);
    expect(await first.stop()).toBe(0);
    for (const name of ["pause-1", "pause-2"]) await at.remove(kinds.pod, name);
    await at.pod("pause-3", { node: "pause", selector: "pause-b" });
    await using second = await at.start("second");
    await statesOf("pause-").toEqual(["pause-3-default-pause-b Assigned"]);
    await settled(() => at.world.identitiesOn(vm)).toEqual([next.id]);
    expect(await second.stop()).toBe(0);
  });

  it("killed at random points, they leave nothing behind that the next does not make good", async () => {
    const { seed, below } = chances();
    process.stdout.write(`killed leaders: seed ${seed} (KILL_SEED replays it)\n`);
    const machines = await Promise.all([0, 1, 2, 3, 4, 5].map((n) => at.vm(`kill-${n}`)));
    const set = await at.scaleSet("kill-set", 2);
    const ids = await Promise.all([0, 1, 2].map((n) => at.identity(`kill-${n}`)));
    const nodes = [...machines.map((_, n) => `kill-${n}`), "kill-set-0", "kill-set-1"];
    const pods = new Map<string, { readonly node: string; readonly identity: number }>();
    const quick = ["--leader-election-duration=2s", "--legacy-lock=false"]; // most of the time goes into waiting for it
    await using pair = new MicPair((name) => at.start(name, quick));
    onTestFailed(() => void process.stdout.write(pair.lastWords));
    for (let round = 0; round < KILLS; round += 1) {
      await pair.leading();
      for (let n = 0; n < 3; n += 1) {
        const name = `kill-pod-${round}-${n}`;
        const place = { node: nodes[below(nodes.length)] ?? "", identity: below(ids.length) };
        await at.pod(name, { node: place.node, selector: `kill-${place.identity}` });
        pods.set(name, place);
      }
      for (const name of [...pods.keys()].filter(() => below(4) === 0)) {
        await at.remove(kinds.pod, name);
        pods.delete(name);
      }
      await setTimeout(below(900)); // the point at which it dies is the input of this test
      await pair.killLeader();
    }
    const wanted = [...pods].map(([name, { identity }]) => `${name}-default-kill-${identity} Assigned`).toSorted();
    await settled(() => at.states("kill-"), 120_000).toEqual(wanted);
    const carried = (prefix: string) => {
      const used = [...pods.values()]
        .filter(({ node }) => node.startsWith(prefix))
        .map(({ identity }) => ids[identity]?.id);
      return [...new Set(used)].toSorted();
    };
    for (const [n, machine] of machines.entries()) {
      await settled(() => at.world.identitiesOn(machine), 120_000).toEqual(carried(`kill-${n}`));
    }
    await settled(() => at.world.identitiesOn(set), 120_000).toEqual(carried("kill-set"));
    for (const { meta } of await at.records("kill-")) {
      expect(meta.finalizers).toEqual([ASSIGNMENT_FINALIZER]);
      expect(meta.deletionTimestamp).toBe("");
    }
  }, 300_000);
});

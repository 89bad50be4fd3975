import type { Pod } from "../../../src/api/pod.ts";
import { podIndexes } from "../../../src/nmi/callers/callers.ts";
import { Holders } from "../../../src/nmi/callers/holders.ts";
import type { Link } from "../../../src/nmi/callers/neighbours.ts";
import { LiveObjects } from "../kube/live-objects.ts";
import { pod } from "../make.ts";
import { FakeClock } from "../time/fake-clock.ts";

export const address = "10.244.0.2";
export const link = (word: string): Link => ({ word, isKnown: true, isOwn: word !== "" });
export const leaving = (made: Pod): Pod => ({
  ...made,
  meta: { ...made.meta, deletionTimestamp: "2026-01-01T00:00:00Z" },
});
export const waiting = pod("b", { status: { podIP: "", phase: "Pending" } });
export const away = () => Promise.reject(new Error("away"));

/** A node with pod `a`, whose interface is `veth-a`; the API server has the pod as it is there, unless told otherwise. */
export function setUp() {
  const clock = new FakeClock();
  const pods = new LiveObjects(podIndexes, pod("a"));
  const world = { link: link("veth-a"), look: async (): Promise<Pod | undefined> => pod("a"), looks: 0, behind: 0 };
  const holders = new Holders({
    pods,
    linkOf: async () => world.link,
    look: () => {
      world.looks += 1;
      return world.look();
    },
    onBehind: () => {
      world.behind += 1;
    },
    clock,
  });
  return { clock, pods, world, holders, has: () => holders.has(pod("a"), address) };
}

import { describe, expect, it } from "vitest";
import { pod } from "../../../test/support/make.ts";
import { away, leaving, link, setUp, waiting } from "../../../test/support/nmi/held-address.ts";
import type { Pod } from "../../api/pod.ts";

const as = (resourceVersion: string): Pod => ({ ...pod("a"), meta: { ...pod("a").meta, resourceVersion } });
const moved = pod("a", { status: { podIP: "10.244.0.9" } });

describe("an address", () => {
  it("is the pod's once the API server says so, which is asked once in the pod's life", async () => {
    const { world, has } = setUp();
    expect(await Promise.all([has(), has()])).toEqual([true, true]);
    world.look = away;
    expect(await has()).toBe(true);
    expect(world.looks).toBe(1);
  });

  it("is asked about again when another interface is behind it, and the pod's only once the node has told of it since", async () => {
    const { clock, world, has } = setUp();
    const seen: boolean[] = [];
    const look = async () => {
      seen.push(await has());
      clock.advance(1000);
    };
    await look();
    world.link = link("veth-b"); // the pod may have ended, and its status not have come yet
    await look();
    await look();
    world.look = async () => as("9");
    await look();
    world.look = away;
    await look();
    expect(seen).toEqual([true, false, false, true, true]);
    expect(world.looks).toBe(4);
  });

  it("is not the pod's by another interface while any pod of the node waits for an address", async () => {
    const { clock, pods, world, has } = setUp();
    await has();
    pods.put(waiting);
    world.link = link("veth-b");
    await has();
    world.look = async () => as("9");
    clock.advance(1000);
    expect(await has()).toBe(false);
    pods.put(pod("b", { status: { podIP: "10.244.0.3" } }));
    clock.advance(1000);
    expect(await has()).toBe(true);
  });

  it("is not the pod's because it was once that another interface was there", async () => {
    const { clock, world, has } = setUp();
    await has();
    for (const word of ["veth-b", "veth-c"]) {
      world.link = link(word);
      expect(await has()).toBe(false);
      clock.advance(1000);
      world.look = async () => as(`after-${word}`);
    }
    expect(await has()).toBe(true);
    world.look = async () => undefined;
    world.link = link("veth-b");
    expect(await has()).toBe(false);
  });

  it.each([
    { when: "is gone", look: async () => undefined },
    { when: "is another of that name", look: async () => pod("a", { uid: "another" }) },
    { when: "is terminating", look: async () => leaving(pod("a")) },
    { when: "has ended", look: async () => pod("a", { status: { phase: "Failed" } }) },
    { when: "has another address", look: async () => moved },
    { when: "cannot be asked about", look: away },
  ])("is not the pod's when that $when, and that is asked once a second", async ({ look }) => {
    const { clock, world, has } = setUp();
    world.look = look;
    expect([await has(), await has()]).toEqual([false, false]);
    expect(world.looks).toBe(1);
    clock.advance(1000);
    world.look = async () => pod("a");
    expect(await has()).toBe(true);
  });

  it("is not the pod's where the interface changes while the API server is asked", async () => {
    const { world, has } = setUp();
    world.look = async () => {
      world.link = link("veth-b");
      return pod("a");
    };
    expect(await has()).toBe(false);
  });

  it("is asked about each time while the kernel does not know the interface", async () => {
    const { world, has } = setUp();
    world.link = { ...link("00:00:00:00:00:00 veth-a"), isKnown: false };
    await has();
    await has();
    expect(world.looks).toBe(2);
  });

  it("is whose the watch says where the node knows no interfaces, but not where it knew this one", async () => {
    const { world, has } = setUp();
    world.look = async () => undefined;
    const known = setUp();
    await known.has();
    known.world.look = world.look;
    world.link = link("");
    known.world.link = link("");
    expect([await has(), await known.has()]).toEqual([true, false]);
    expect(world.looks).toBe(0);
  });
});

describe("the watch", () => {
  it.each([
    { when: "has gone", look: async () => undefined, behind: 1 },
    {
      when: "has changed",
      look: async () => leaving(as("9")),
      behind: 1,
    },
    { when: "cannot be asked about", look: away, behind: 0 },
  ])("is behind where it has a pod that $when", async ({ look, behind }) => {
    const { world, has } = setUp();
    world.look = look;
    await has();
    expect(world.behind).toBe(behind);
  });

  it("is not behind a pod that it shows as it is", async () => {
    const { pods, world, has } = setUp();
    pods.put(leaving(pod("a")));
    world.look = async () => pods.get(pod("a").meta);
    expect(await has()).toBe(false);
    expect(world.behind).toBe(0);
  });
});

describe("from a list between two looks at the node", () => {
  it("interfaces are learnt, so that pods are served although the API server is away", async () => {
    const { holders, world, has } = setUp();
    holders.learn(
      () => link("veth-a"),
      () => link("veth-a"),
    );
    world.look = away;
    expect(await has()).toBe(true);
  });

  it("those of pods that terminate are learnt too while no other pod waits for an address, which could be theirs", async () => {
    const { holders, pods, world, has } = setUp();
    pods.put(leaving(pod("a")));
    holders.learn(
      () => link("veth-a"),
      () => link("veth-a"),
    );
    world.look = async () => leaving(pod("a"));
    expect(await has()).toBe(true);
    world.link = link("veth-b");
    expect(await has()).toBe(false);
  });

  it.each([
    { when: "one changed meanwhile", before: link("veth-b"), after: link("veth-a") },
    { when: "one is not known", before: link("veth-a"), after: { ...link("veth-a"), isKnown: false } },
    { when: "the pod is terminating and another waits for an address", pods: [leaving(pod("a")), waiting] },
    { when: "another pod has the address too", pods: [pod("a"), pod("b")] },
  ])("nothing is learnt where $when", async ({ before = link("veth-a"), after = link("veth-a"), pods = [] }) => {
    const { holders, world, has, pods: live } = setUp();
    for (const one of pods) live.put(one);
    holders.learn(
      () => before,
      () => after,
    );
    world.look = away;
    expect(await has()).toBe(false);
  });
});

it("a pod that is gone is forgotten", async () => {
  const { pods, world, has } = setUp();
  await has();
  pods.remove(pod("a"));
  pods.put(pod("a"));
  await has();
  expect(world.looks).toBe(2);
});

it("nothing is kept of a pod that goes while it is asked about", async () => {
  const { pods, world, has } = setUp();
  world.look = async () => {
    pods.remove(pod("a"));
    return pod("a");
  };
  await has();
  pods.put(pod("a"));
  world.look = away;
  expect(await has()).toBe(false);
});

import { describe, expect, it } from "vitest";
import { pod } from "../../../test/support/make.ts";
import { address, away, leaving, link, setUp, waiting } from "../../../test/support/nmi/held-address.ts";

describe("the address of a pod that terminates while another waits for one", () => {
  function setUpLeaving(hasAsked = true) {
    const made = setUp();
    const whenAlive = async () => hasAsked && (await made.has());
    return whenAlive().then(() => {
      made.pods.put(leaving(pod("a")));
      made.pods.put(waiting);
      return { ...made, has: () => made.holders.has(leaving(pod("a")), address) };
    });
  }

  it("is still its own by the interface that it had, whether the API server is there or not", async () => {
    const { world, has } = await setUpLeaving();
    world.look = away;
    expect(await has()).toBe(true);
    expect(world.looks).toBe(1);
  });

  it.each([
    { when: "the kernel knows no interface any more", now: link("") },
    { when: "another interface is there", now: link("veth-b") },
    { when: "the interface is being looked for", now: { ...link("veth-a"), isKnown: false } },
    {
      when: "the interface leads to others too, who may have the same hardware address",
      now: { ...link("veth-a"), isOwn: false },
    },
    { when: "nobody asked for it while it lived", hasAsked: false },
    { when: "nobody asked, and the kernel knows no interfaces", now: link(""), hasAsked: false },
  ])("is in doubt where $when, and the API server cannot tell", async ({ now = link("veth-a"), hasAsked }) => {
    const { world, has } = await setUpLeaving(hasAsked);
    world.link = now;
    world.looks = 0;
    expect(await has()).toBe(false);
    expect(world.looks).toBe(0);
  });

  it("is in doubt although the other one gets an address while the kernel is asked", async () => {
    const { pods, world, has } = await setUpLeaving(false);
    world.link = link("");
    const asked = has();
    pods.put(pod("b"));
    expect(await asked).toBe(false);
  });
});

import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { keptRules } from "../../test/support/kept-rules.ts";
import { Fault } from "../base/fault.ts";
import { guardChain, redirectChain } from "./rules.ts";

const NFT = "iptables-nft";
const metadata = { address: "169.254.169.254", port: 80 };
const redirect = redirectChain(metadata, { address: "127.0.0.1", port: 2579 });
const guard = guardChain(metadata);
const jump = "-A PREROUTING -j aad-metadata";

describe("rules are kept", () => {
  let { clock, machine, lines, repairs, stop, start, nextLook } = keptRules();
  beforeEach(() => {
    ({ clock, machine, lines, repairs, stop, start, nextLook } = keptRules());
    onTestFinished(() => stop.abort());
  });

  it("are laid, the guard first, and that is no repair", async () => {
    const keeper = start();
    expect(keeper.trouble?.message).toMatch(/not laid yet/);
    await keeper.standing(stop.signal);
    expect(machine.changes).toEqual([`${NFT} filter`, `${NFT} nat`]);
    expect(machine.rules(NFT, "nat")).toContain(jump);
    expect([keeper.trouble, repairs]).toEqual([undefined, []]);
  });

  it("are laid in as few looks as it takes, since NMI serves nobody meanwhile: before and after", async () => {
    const keeper = start();
    await keeper.standing(stop.signal);
    expect(machine.runs.filter((program) => program === `${NFT}-save`)).toHaveLength(2);
  });

  it("are left alone while they are right", async () => {
    const keeper = start();
    await keeper.standing(stop.signal);
    await nextLook(keeper);
    expect(machine.changes).toHaveLength(2);
    expect(clock.asleepFor).toEqual([50]);
  });

  it("are put right when they are harmed, which is told and counted", async () => {
    const keeper = start();
    await keeper.standing(stop.signal);
    machine.apply(NFT, "nat", "-F aad-metadata");
    await nextLook(keeper);
    expect(machine.changes.slice(2)).toEqual([`${NFT} nat`]);
    expect(repairs).toEqual(["nat"]);
    expect(lines.at(-1)).toMatch(
      /^W.*flushing iptables to add aad-metadata custom chains table="nat" wrong="chain aad-metadata is empty"/,
    );
  });

  it.each([
    {
      trouble: "another program holds the lock",
      program: /restore/,
      stderr:
        "Can't lock /run/xtables.lock: Resource temporarily unavailable\nAnother app is currently holding the xtables lock. Stopped waiting after 5s.\n",
      told: /ended with 4: Another app .* Stopped waiting after 5s; `fuser -v .*` on the node tells which/,
    },
    {
      trouble: "the lock cannot be taken",
      program: /restore/,
      stderr: "Fatal: can't open lock file /run/xtables.lock: Permission denied",
      told: /Permission denied; NMI needs \/run\/xtables.lock of the node/,
    },
    {
      trouble: "a power is missing",
      program: /save/,
      stderr: "Permission denied (you must be root)",
      told: /NET_ADMIN and NET_RAW/,
    },
    { trouble: "somebody removed iptables", program: /restore/, stderr: undefined, told: /install iptables/ },
  ])("are laid in the end although $trouble", async ({ program, stderr, told }) => {
    machine.failNext(program, stderr);
    const keeper = start();
    await clock.asleep();
    expect(keeper.trouble?.message).toMatch(told);
    expect(lines.filter((line) => line.startsWith("E"))).toEqual([expect.stringMatching(told)]);
    await clock.passUntil(keeper.standing(stop.signal), 50);
    expect(machine.rules(NFT, "nat")).toHaveLength(3);
    expect(machine.rules(NFT, "filter")).toHaveLength(2);
  });

  it("lay what can be laid: a guard that the kernel refuses leaves the redirection standing", async () => {
    machine.failNext(/restore/, "Extension REJECT revision 0 not supported, missing kernel module?");
    const keeper = start();
    await clock.asleep();
    expect(machine.changes).toEqual([`${NFT} nat`]);
    expect(keeper.trouble?.message).toMatch(/module of netfilter/);
  });

  it("count as lost as soon as they cannot be put right, until they are", async () => {
    const keeper = start();
    await keeper.standing(stop.signal);
    machine.apply(NFT, "nat", "-D PREROUTING -j aad-metadata");
    machine.failNext(/restore/, "Another app is currently holding the xtables lock.");
    await nextLook(keeper);
    expect(keeper.trouble).toMatchObject({ message: expect.stringMatching(/lock/) });
    await clock.passUntil(keeper.standing(stop.signal), 50);
    expect(machine.rules(NFT, "nat")).toContain(jump);
  });

  it("stand only with what else they need, which is seen to after the guards are there", async () => {
    let isAllowed = false;
    const needed = async () => {
      expect(machine.rules(NFT, "filter")).not.toEqual([]);
      if (!isAllowed) throw new Fault("ROUTE_LOCALNET_OFF", "set it");
    };
    const keeper = start({ alsoEnsure: needed });
    await clock.asleep();
    expect(keeper.trouble?.message).toBe("set it");
    isAllowed = true;
    await clock.passUntil(keeper.standing(stop.signal), 50);
  });

  it("are looked at often where nobody tells of changes, as often as one per cent of a processor allows", async () => {
    let looks = 0;
    const keeper = start({ isTold: () => false, spentMs: () => 8 * looks++ });
    await keeper.standing(stop.signal);
    const rests: number[] = [];
    for (let look = 0; look < 6; look += 1) {
      await clock.asleep();
      clock.advance(50);
      await clock.asleep();
      rests.push(...clock.asleepFor);
      clock.advance(60_000);
    }
    expect(rests).toEqual([500, 500, 500, 500, 500, 800]);
  });

  it("are looked at in time where somebody else's turn ends, however dear a look is", async () => {
    let looks = 0;
    const keeper = start({ isTold: () => false, spentMs: () => 100 * looks++ });
    await keeper.standing(stop.signal);
    machine.apply(NFT, "nat", ":cali-PREROUTING - [0:0]");
    for (let look = 0; look < 8; look += 1) {
      await nextLook(keeper); // so many are needed to know what one costs
    }
    machine.apply(NFT, "nat", "-I PREROUTING 1 -j cali-PREROUTING");
    await nextLook(keeper);
    for (let look = 0; look < 8; look += 1) {
      machine.apply(NFT, "nat", "-I PREROUTING 1 -j cali-PREROUTING");
      await nextLook(keeper);
    }
    await clock.asleep();
    clock.advance(50);
    await clock.asleep();
    expect(Math.min(...clock.asleepFor)).toBeLessThanOrEqual(1000);
  });

  it("stand only once a guard that is not wanted is gone, however often its removal fails", async () => {
    const keeper = start({ unwanted: [guard] });
    keeper.keep([redirect]);
    await clock.passUntil(keeper.standing(stop.signal), 50);
    await nextLook(keeper);
    clock.advance(2000); // after its turn to remove the guard that was laid first
    await clock.asleep();
    machine.apply(NFT, "filter", `:${guard.name} - [0:0]`, `-A FORWARD -j ${guard.name}`);
    for (let time = 0; time < 3; time += 1) machine.failNext(/restore/, "Another app is currently holding the lock.");
    await nextLook(keeper);
    await nextLook(keeper);
    expect(keeper.trouble?.message).toMatch(/holding the lock/);
    const since = clock.monotonic();
    await clock.passUntil(keeper.standing(stop.signal), 50);
    expect(machine.rules(NFT, "filter")).toEqual([]);
    expect(clock.monotonic() - since).toBeLessThan(1000);
  });

  it("have a guard that is not wanted removed again when its turn comes, though nothing tells so", async () => {
    const keeper = start({ unwanted: [guard] });
    keeper.keep([redirect]);
    await clock.passUntil(keeper.standing(stop.signal), 50);
    await nextLook(keeper);
    machine.apply(NFT, "filter", `:${guard.name} - [0:0]`, `-A FORWARD -j ${guard.name}`);
    await nextLook(keeper);
    const since = clock.monotonic();
    while (machine.rules(NFT, "filter").length > 0 && clock.monotonic() < since + 3000) {
      await clock.asleep();
      clock.advance(50);
    }
    expect(clock.monotonic() - since).toBeLessThan(1200);
  });

  it("stay when NMI stops", async () => {
    const keeper = start();
    await keeper.standing(stop.signal);
    stop.abort();
    expect(machine.rules(NFT, "nat")).toHaveLength(3);
    await expect(Promise.resolve(keeper.trouble)).resolves.toBeUndefined();
  });
});

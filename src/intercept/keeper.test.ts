import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { FakeIptables } from "../../test/support/fake-iptables.ts";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { Fault } from "../base/fault.ts";
import { createLog } from "../base/log.ts";
import { iptablesOf } from "./iptables.ts";
import { Keeper, type KeeperOptions } from "./keeper.ts";
import { guardChain, redirectChain } from "./rules.ts";

const NFT = "iptables-nft";
const metadata = { address: "169.254.169.254", port: 80 };
const redirect = redirectChain(metadata, { address: "127.0.0.1", port: 2579 });
const guard = guardChain(metadata);
const jump = "-A PREROUTING -j aad-metadata";

describe("rules are kept", () => {
  let clock: FakeClock;
  let machine: FakeIptables;
  let lines: string[];
  let repairs: string[];
  let stop: AbortController;

  beforeEach(() => {
    clock = new FakeClock();
    machine = new FakeIptables();
    lines = [];
    repairs = [];
    stop = new AbortController();
    onTestFinished(() => stop.abort());
  });

  function start(over: Partial<KeeperOptions> = {}): Keeper {
    const keeper = new Keeper({
      iptables: iptablesOf(NFT, "nf_tables", machine.run),
      unwanted: [],
      isListening: () => true,
      alsoEnsure: async () => {},
      intervalMs: 60_000,
      spentMs: () => 0,
      isTold: () => true,
      clock,
      log: createLog({ write: (line) => lines.push(line) }),
      onRepair: (table) => repairs.push(table),
      ...over,
    });
    keeper.keep([guard, redirect]);
    void keeper.run(stop.signal);
    return keeper;
  }

  /** Lets what comes next to the keeper's mind happen: it rests briefly after each look, then until something happens. */
  async function nextLook(keeper: Keeper): Promise<void> {
    await clock.asleep();
    clock.advance(50);
    await clock.asleep();
    keeper.lookAgain();
    await clock.asleep();
  }

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

  it("want the first place, but do not fight for it", async () => {
    let again = Promise.withResolvers<void>();
    const onRepair = (table: string) => {
      repairs.push(table);
      again.resolve();
    };
    const keeper = start({ onRepair });
    await keeper.standing(stop.signal);
    machine.apply(NFT, "nat", ":cali-PREROUTING - [0:0]");
    const insist = () => machine.apply(NFT, "nat", "-I PREROUTING 1 -j cali-PREROUTING");
    for (let time = 0; time < 20; time += 1) {
      insist();
      await nextLook(keeper);
    }
    expect(repairs).toHaveLength(1);
    expect(keeper.trouble).toBeUndefined();
    again = Promise.withResolvers();
    await clock.passUntil(again.promise, 100);
    expect(repairs).toHaveLength(2);
  });

  it.each([
    { table: "nat", rule: "PREROUTING 1 -d 169.254.169.254/32 -p tcp -j ACCEPT" },
    { table: "filter", rule: "FORWARD 1 -d 169.254.169.254/32 -j ACCEPT" },
  ])(
    "come before a rule in $table that decides about pods' requests, once a second, and do not stand meanwhile",
    async ({ table, rule }) => {
      const keeper = start();
      await keeper.standing(stop.signal);
      for (let time = 0; time < 20; time += 1) {
        machine.apply(NFT, table, `-I ${rule}`);
        await nextLook(keeper); // after 50 ms: the first of twenty is due
        expect(keeper.trouble === undefined).toBe(time === 0);
      }
      expect(repairs).toEqual([table]);
      expect(keeper.trouble?.message).toMatch(/comes to "-d 169.254.169.254.* -j ACCEPT" before .*; find the program/);
      for (let second = 1; second <= 4; second += 1) {
        await clock.passUntil(keeper.standing(stop.signal), 50);
        expect(repairs).toHaveLength(1 + second);
        expect(clock.monotonic()).toBeLessThanOrEqual(1150 * second);
        machine.apply(NFT, table, `-I ${rule}`);
        await nextLook(keeper);
      }
    },
  );

  describe("that another program overrules as often as they are put right", () => {
    const overrule = () => machine.apply(NFT, "nat", "-I PREROUTING 1 -d 169.254.169.254/32 -j ACCEPT");
    const lastLine = () => lines.at(-1) ?? "";

    it.each([{ isTold: true }, { isTold: false }])(
      "do not count as standing in between, until they were left alone for 10 s (told of changes: $isTold)",
      async ({ isTold }) => {
        const keeper = start({ isTold: () => isTold });
        await keeper.standing(stop.signal);
        overrule();
        await nextLook(keeper);
        lines.length = 0;
        for (let time = 0; time < 100; time += 1) {
          overrule();
          await nextLook(keeper);
          expect(keeper.trouble?.message).toMatch(/find the program/);
        }
        expect(repairs.length).toBeGreaterThan(4);
        expect(lines).toEqual([expect.stringMatching(/^E.*not intercepted as they should be /)]);
        await clock.passUntil(keeper.standing(stop.signal), 50);
        const since = clock.monotonic();
        while (keeper.trouble !== undefined) {
          await clock.asleep();
          clock.advance(50);
          await clock.asleep();
        }
        expect(clock.monotonic() - since).toBeGreaterThan(8900);
        expect(clock.monotonic() - since).toBeLessThanOrEqual(10_600);
        expect(lastLine()).toMatch(/^I.*as they should be again/);
        expect(lines).toHaveLength(2);
      },
    );

    it("stand at once where it happens once only, which is told", async () => {
      const keeper = start();
      await keeper.standing(stop.signal);
      overrule();
      await nextLook(keeper);
      expect([keeper.trouble, repairs]).toEqual([undefined, ["nat"]]);
      expect(lastLine()).toMatch(/^W.*PREROUTING comes to/);
    });

    it("have what else they need seen to all the same", async () => {
      let times = 0;
      const count = async () => {
        times += 1;
      };
      const keeper = start({ alsoEnsure: count });
      await keeper.standing(stop.signal);
      overrule();
      await nextLook(keeper);
      overrule();
      await nextLook(keeper);
      const before = times;
      await clock.passUntil(keeper.standing(stop.signal), 50);
      expect(keeper.trouble).toBeDefined();
      expect(times).toBeGreaterThan(before);
    });
  });

  it("do not stand where such a rule is back the moment they were put before it", async () => {
    const run: typeof machine.run = async (program, args, input) => {
      const ran = await machine.run(program, args, input);
      if (input?.includes("aad-metadata ")) machine.apply(NFT, "nat", "-I PREROUTING 1 -j ACCEPT");
      return ran;
    };
    const keeper = start({ iptables: iptablesOf(NFT, "nf_tables", run) });
    await clock.asleep();
    expect(keeper.trouble?.message).toMatch(/do not stay.* comes to "-j ACCEPT"/);
  });

  it("stand where another takes the first place the moment they were laid, and lets packets pass", async () => {
    machine.apply(NFT, "nat", ":cali-PREROUTING - [0:0]");
    const run: typeof machine.run = async (program, args, input) => {
      const ran = await machine.run(program, args, input);
      if (input?.includes("aad-metadata ")) machine.apply(NFT, "nat", "-I PREROUTING 1 -j cali-PREROUTING");
      return ran;
    };
    const keeper = start({ iptables: iptablesOf(NFT, "nf_tables", run) });
    await clock.asleep();
    expect([keeper.trouble, machine.changes]).toEqual([undefined, [`${NFT} filter`, `${NFT} nat`]]);
  });

  describe("that another NMI wants for its own port", () => {
    const isRivals = () => machine.rules(NFT, "nat").join("\n").includes("127.0.0.1:2580");
    /** What the other one does. */
    const insist = () =>
      machine.apply(
        NFT,
        "nat",
        "-F aad-metadata",
        ...redirectChain(metadata, { address: "127.0.0.1", port: 2580 }).rules.map((rule) => `-A aad-metadata ${rule}`),
      );

    it("are not fought for while pods are served there", async () => {
      const keeper = start();
      await keeper.standing(stop.signal);
      for (let time = 0; time < 100; time += 1) {
        insist();
        await nextLook(keeper);
        expect(keeper.trouble).toBeUndefined();
      }
      expect(repairs).toHaveLength(3); // within 5 seconds: at once, after 1 and after 2 more
    });

    it("are not fought for while nobody listens at either port yet", async () => {
      const keeper = start({ isListening: () => false });
      await keeper.standing(stop.signal);
      for (let time = 0; time < 100; time += 1) {
        insist();
        await nextLook(keeper);
      }
      expect(repairs).toHaveLength(3); // within 5 seconds, as above
    });

    it("are taken back soon after nobody serves pods there", async () => {
      let isServed = true;
      const keeper = start({ isListening: (port) => port !== 2580 || isServed });
      await keeper.standing(stop.signal);
      for (let time = 0; time < 100; time += 1) {
        insist();
        await nextLook(keeper);
      }
      expect(isRivals()).toBe(true);
      isServed = false;
      const since = clock.monotonic();
      while (isRivals()) {
        await clock.asleep();
        clock.advance(50);
      }
      expect(clock.monotonic() - since).toBeLessThanOrEqual(350);
    });

    it.each([
      { harm: "are flushed", lines: ["-F aad-metadata"] },
      { harm: "are not jumped to", lines: ["-D PREROUTING -j aad-metadata"] },
      { harm: "come after a rule that decides", lines: ["-I PREROUTING 1 -j ACCEPT"] },
    ])("are put right at once where they $harm besides", async ({ lines }) => {
      const keeper = start();
      await keeper.standing(stop.signal);
      insist();
      await nextLook(keeper);
      insist();
      machine.apply(NFT, "nat", ...lines);
      await nextLook(keeper);
      expect([repairs, isRivals()]).toEqual([["nat", "nat"], false]);
    });
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

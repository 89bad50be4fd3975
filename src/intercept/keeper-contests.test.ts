import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { keptRules } from "../../test/support/kept-rules.ts";
import { iptablesOf } from "./iptables.ts";
import { redirectChain } from "./rules.ts";

const NFT = "iptables-nft";
const metadata = { address: "169.254.169.254", port: 80 };

describe("rules that others want otherwise", () => {
  let { clock, machine, lines, repairs, stop, start, nextLook } = keptRules();
  beforeEach(() => {
    ({ clock, machine, lines, repairs, stop, start, nextLook } = keptRules());
    onTestFinished(() => stop.abort());
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
});

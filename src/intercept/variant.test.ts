import { describe, expect, it } from "vitest";
import { FakeIptables } from "../../test/support/fake-iptables.ts";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { createLog } from "../base/log.ts";
import { removeRules } from "./cleanup.ts";
import { findIptables } from "./variant.ts";

const [NFT, LEGACY] = ["iptables-nft", "iptables-legacy"];

describe("iptables is the one that Kubernetes uses", () => {
  it.each([
    { when: "nothing tells", usual: NFT, hints: [], then: "nf_tables" },
    { when: "nothing tells and legacy is usual", usual: LEGACY, hints: [], then: "legacy" },
    {
      when: "kubelet left its hint",
      usual: NFT,
      hints: [[LEGACY, "mangle", ":KUBE-IPTABLES-HINT - [0:0]"]],
      then: "legacy",
    },
    {
      when: "an older kubelet did",
      usual: LEGACY,
      hints: [[NFT, "mangle", ":KUBE-KUBELET-CANARY - [0:0]"]],
      then: "nf_tables",
    },
    {
      when: "only kube-proxy is there",
      usual: NFT,
      hints: [[LEGACY, "nat", ":KUBE-SERVICES - [0:0]"]],
      then: "legacy",
    },
    {
      when: "old rules of kube-proxy are in the other",
      usual: LEGACY,
      hints: [
        [LEGACY, "nat", ":KUBE-SERVICES - [0:0]"],
        [NFT, "mangle", ":KUBE-IPTABLES-HINT - [0:0]"],
      ],
      then: "nf_tables",
    },
    {
      when: "kubelet's hint is in both, one from before it changed",
      usual: LEGACY,
      hints: [NFT, LEGACY].map((program) => [program, "mangle", ":KUBE-IPTABLES-HINT - [0:0]"]),
      then: "legacy",
    },
    {
      when: "rules of kube-proxy are in both",
      usual: LEGACY,
      hints: [NFT, LEGACY].map((program) => [program, "nat", ":KUBE-SERVICES - [0:0]"]),
      then: "legacy",
    },
  ])("$when", async ({ usual, hints, then }) => {
    const machine = new FakeIptables([NFT, LEGACY], usual);
    for (const [program = "", table = "", line = ""] of hints) machine.apply(program, table, line);
    expect((await findIptables(machine.run)).chosen.variant).toBe(then);
  });

  it("what is usual is not even asked where kubelet tells", async () => {
    const machine = new FakeIptables([NFT, LEGACY], NFT);
    machine.apply(LEGACY, "mangle", ":KUBE-IPTABLES-HINT - [0:0]");
    await findIptables(machine.run);
    expect(machine.runs.toSorted()).toEqual([LEGACY, NFT].map((program) => `${program}-save`).toSorted());
  });

  it.each([
    { says: "iptables", is: "legacy" },
    { says: NFT, is: "nf_tables" },
  ])("only one is installed, by the plain name: $is", async ({ says, is }) => {
    const machine = new FakeIptables(["iptables"], says);
    const { chosen } = await findIptables(machine.run);
    expect([chosen.variant, (await chosen.read())("nat").chains.has("PREROUTING")]).toEqual([is, true]);
  });

  it("the first look at it is the one by which it was found, if that was whole", async () => {
    const machine = new FakeIptables([NFT]);
    const looksOf = async () => {
      machine.runs.length = 0;
      const { chosen } = await findIptables(machine.run);
      const isRead = (await chosen.read())("nat").chains.has("PREROUTING");
      return [isRead, machine.runs.filter((program) => program === `${NFT}-save`).length];
    };
    expect(await looksOf()).toEqual([true, 1]);
    machine.failNext(/nft-save/, "Another app is currently holding the xtables lock.");
    expect(await looksOf()).toEqual([true, 2]);
  });

  it("none is installed: one sentence says what to do", async () => {
    const machine = new FakeIptables([]);
    await expect(findIptables(machine.run)).rejects.toMatchObject({
      code: "PLATFORM_UNSUPPORTED",
      message: expect.stringMatching(/^iptables is not installed: .*apt-get install iptables.*--skip-iptables$/),
    });
  });

  it("rules that NMI left in the other are told", async () => {
    const machine = new FakeIptables();
    machine.apply(LEGACY, "nat", ":aad-metadata - [0:0]");
    expect((await findIptables(machine.run)).stale).toEqual(["legacy"]);
  });
});

describe("cleaning up", () => {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });

  function machineWithRules(): FakeIptables {
    const machine = new FakeIptables();
    for (const program of [NFT, LEGACY]) {
      machine.apply(
        program,
        "nat",
        ":aad-metadata - [0:0]",
        "-A aad-metadata -j RETURN",
        "-I PREROUTING 1 -j aad-metadata",
      );
      machine.apply(program, "nat", ":aad-metadata-handover - [0:0]", "-I PREROUTING 1 -j aad-metadata-handover");
      machine.apply(program, "nat", "-A PREROUTING -j KUBE-SERVICES");
      machine.apply(program, "filter", ":aad-metadata-guard - [0:0]", "-I FORWARD 1 -j aad-metadata-guard");
    }
    return machine;
  }

  function cleanUp(machine: FakeIptables): Promise<void> {
    const clock = new FakeClock();
    return clock.passUntil(removeRules(machine.run, log, clock), 50);
  }

  it.each([
    { table: "nat", chain: "aad-metadata" },
    { table: "filter", chain: "aad-metadata-guard" },
  ])("fails where NMI runs and lays its rules in $table again, and says what to do", async ({ table, chain }) => {
    const machine = machineWithRules();
    const clock = new FakeClock();
    const cleaning = removeRules(machine.run, log, clock);
    await clock.asleep();
    clock.advance(1500);
    await clock.asleep();
    machine.apply(LEGACY, table, `:${chain} - [0:0]`);
    await expect(clock.passUntil(cleaning, 50)).rejects.toMatchObject({
      code: "IPTABLES_FAILED",
      message: expect.stringMatching(/rules are back, since NMI runs on this node: stop it first, .* `nmi --cleanup`/),
    });
  });

  it("says at once that there is nothing to remove", async () => {
    await removeRules(new FakeIptables().run, log, new FakeClock());
    expect(lines.at(-1)).toMatch(/^I.*no iptables rules of NMI are on this node/);
  });

  it("removes the rules of both variants and no others, the guards last", async () => {
    const machine = machineWithRules();
    await cleanUp(machine);
    expect(machine.changes).toEqual([`${NFT} nat`, `${LEGACY} nat`, `${NFT} filter`, `${LEGACY} filter`]);
    for (const program of [NFT, LEGACY]) {
      expect(machine.rules(program, "nat")).toEqual(["-A PREROUTING -j KUBE-SERVICES"]);
      expect(machine.rules(program, "filter")).toEqual([]);
    }
    expect(lines.join("")).toContain('removed chain aad-metadata-handover table="nat" variant="nf_tables"');
    expect(lines.join("")).toContain('removed chain aad-metadata-guard table="filter" variant="legacy"');
  });

  it("removes what it can, and leaves the guard of a variant whose redirection it cannot remove", async () => {
    const machine = machineWithRules();
    machine.failNext(/iptables-nft-restore/, "Permission denied (you must be root)");
    await expect(cleanUp(machine)).rejects.toThrow(/rules are left on this node.*iptables-nft-restore/);
    expect(machine.changes).toEqual([`${LEGACY} nat`, `${LEGACY} filter`]);
  });
});

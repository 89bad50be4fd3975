import { beforeEach, describe, expect, it } from "vitest";
import { FakeIptables } from "../../test/support/fake-iptables.ts";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { createLog } from "../base/log.ts";
import { leaveRules } from "./uninstall.ts";

const NFT = "iptables-nft";
const HELD = "Another app is currently holding the xtables lock. Stopped waiting after 5s.";

describe("when NMI stops, its rules", () => {
  let machine: FakeIptables;
  let lines: string[];
  let clock: FakeClock;
  const leave = (isUninstalled: boolean) =>
    leaveRules(
      { isUninstalled, why: "as the test says" },
      machine.run,
      createLog({ write: (line) => lines.push(line) }),
      clock,
    );

  beforeEach(() => {
    lines = [];
    clock = new FakeClock();
    machine = new FakeIptables();
    const chain = [":aad-metadata - [0:0]", "-A aad-metadata -j RETURN", "-I PREROUTING 1 -j aad-metadata"];
    machine.apply(NFT, "nat", ...chain);
    machine.apply(NFT, "filter", ":aad-metadata-guard - [0:0]", "-I FORWARD 1 -j aad-metadata-guard");
  });

  it("stay without evidence that it is uninstalled, and the log says how to remove them, and why they are there", async () => {
    await leave(false);
    expect(machine.changes).toEqual([]);
    expect(machine.rules(NFT, "nat")).toHaveLength(2);
    expect(lines).toEqual([expect.stringMatching(/^I.*rules stay.*`nmi --cleanup`.* reason="as the test says"/)]);
  });

  it("go with evidence of it, the redirection first, and the log says what it is", async () => {
    await leave(true);
    expect(machine.changes).toEqual([`${NFT} nat`, `${NFT} filter`]);
    expect([machine.rules(NFT, "nat"), machine.rules(NFT, "filter")]).toEqual([[], []]);
    expect(lines[0]).toMatch(/being uninstalled.* evidence="as the test says"/);
  });

  it("go once another program lets go of the lock, the guard not before the redirection", async () => {
    for (let time = 0; time < 3; time += 1) machine.failNext(/restore/, HELD);
    await clock.passUntil(leave(true), 100);
    expect(machine.changes).toEqual([`${NFT} nat`, `${NFT} filter`]);
    expect(lines.filter((line) => line.startsWith("W"))).toEqual(
      Array(3).fill(expect.stringMatching(/not all rules are removed yet; trying again reason=".*xtables lock/)),
    );
  });

  it("go in the end where one variant of iptables is only busy, whatever the other lacks at first", async () => {
    machine.apply("iptables-legacy", "nat", ":aad-metadata - [0:0]");
    machine.failNext(/nft-restore/, "Permission denied (you must be root)");
    machine.failNext(/legacy-restore/, HELD);
    await clock.passUntil(leave(true), 100);
    expect(machine.changes).toEqual([`${NFT} nat`, "iptables-legacy nat", `${NFT} filter`]);
  });

  it("that cannot be removed fail its end, before Kubernetes ends it", async () => {
    const isHeld: typeof machine.run = async (program, args, input) => {
      if (!program.endsWith("-restore")) return await machine.run(program, args, input);
      await clock.sleep(5000); // it waits for the lock
      return { code: 4, stdout: "", stderr: HELD };
    };
    const left = leaveRules({ isUninstalled: true, why: "" }, isHeld, createLog({ write: () => {} }), clock);
    const message = expect.stringMatching(/^rules are left on this node, run `nmi --cleanup` there again: .*lock/);
    await expect(clock.passUntil(left, 100)).rejects.toMatchObject({ code: "IPTABLES_FAILED", message });
    expect(clock.monotonic()).toBeGreaterThan(15_000);
    expect(clock.monotonic()).toBeLessThan(22_000);
    expect(machine.rules(NFT, "filter")).toHaveLength(1);
  });

  it("that it has no power to remove fail its end at once", async () => {
    machine.failNext(/restore/, "Permission denied (you must be root)");
    await expect(leave(true)).rejects.toThrow(/NET_ADMIN/);
    expect(clock.sleepers).toBe(0);
  });
});

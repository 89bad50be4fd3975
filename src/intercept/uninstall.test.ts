import { beforeEach, describe, expect, it } from "vitest";
import { FakeIptables } from "../../test/support/fake-iptables.ts";
import { createLog } from "../base/log.ts";
import { leaveRules } from "./uninstall.ts";

const NFT = "iptables-nft";

describe("when NMI stops, its rules", () => {
  let machine: FakeIptables;
  let lines: string[];
  const leave = (isUninstalled: boolean) =>
    leaveRules(
      { isUninstalled, why: "as the test says" },
      machine.run,
      createLog({ write: (line) => lines.push(line) }),
    );

  beforeEach(() => {
    lines = [];
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

  it("that cannot be removed fail its end", async () => {
    machine.failNext(/restore/, "Another app is currently holding the xtables lock.");
    await expect(leave(true)).rejects.toMatchObject({ code: "IPTABLES_FAILED" });
    expect(machine.changes).toEqual([`${NFT} filter`]);
  });
});

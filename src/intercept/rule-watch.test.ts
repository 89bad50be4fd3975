import { describe, expect, it } from "vitest";
import { mayConcernOurs } from "./rule-watch.ts";
import { chainNames, guardChain, handoverChain, localnetChain, redirectChain } from "./rules.ts";

const metadata = { address: "169.254.169.254", port: 80 };
const chains = [
  redirectChain(metadata, { address: "127.0.0.1", port: 2579 }),
  handoverChain(metadata, { address: "127.0.0.1", port: 40_000 }),
  guardChain(metadata),
  localnetChain(),
];

describe("a change of rules that nft tells of is looked at", () => {
  it("all chains of NMI are tried here", () => {
    expect(chains.map(({ name }) => name).toSorted()).toEqual(Object.values(chainNames).flat().toSorted());
  });

  it.each(chains)("in chain $name, and where $hook jumps to it", ({ table, name, hook }) => {
    expect(mayConcernOurs(`delete rule ip ${table} ${name} handle 7`)).toBe(true);
    expect(mayConcernOurs(`insert rule ip ${table} ${hook} counter packets 0 bytes 0 accept`)).toBe(true);
    expect(mayConcernOurs(`delete rule ip ${table} ${hook}`)).toBe(true);
    expect(mayConcernOurs(`add rule ip ${table} ${hook} counter packets 0 bytes 0 jump ${name}`)).toBe(true);
  });

  it("where some were lost", () => {
    expect(mayConcernOurs("# ERROR: We lost some netlink events!")).toBe(true);
  });

  it.each([
    "add rule ip nat KUBE-SERVICES ip daddr 10.0.0.1 counter packets 0 bytes 0 jump KUBE-SVC-X",
    "add rule ip nat PREROUTING-OF-OTHERS counter packets 0 bytes 0",
    "add rule ip6 nat PREROUTING counter packets 0 bytes 0",
    "add rule ip mangle PREROUTING counter packets 0 bytes 0",
    "# new generation 12 by process 7 (iptables-nft-re)",
  ])("but not: %s", (line) => {
    expect(mayConcernOurs(line)).toBe(false);
  });
});

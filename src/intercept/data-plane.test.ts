import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { FakeIptables } from "../../test/support/fake-iptables.ts";
import { createLog } from "../base/log.ts";
import { DataPlane } from "./data-plane.ts";
import { iptablesOf } from "./iptables.ts";

const NFT = "iptables-nft";

describe("a data plane that may take packets past the rules", () => {
  /** What is told of a node with these interfaces, in so many looks. */
  async function told(interfaces: readonly string[], { machine = new FakeIptables(), looks = 3 } = {}) {
    const interfaceFolder = await mkdtemp(join(tmpdir(), "sys-class-net-"));
    onTestFinished(() => rm(interfaceFolder, { recursive: true }));
    const lines: string[] = [];
    const log = createLog({ write: (line) => lines.push(line) });
    const plane = new DataPlane({ iptables: iptablesOf(NFT, "nf_tables", machine.run), log, interfaceFolder });
    await plane.tell();
    expect(lines).toEqual([]);
    for (const name of interfaces) await writeFile(join(interfaceFolder, name), "");
    for (let look = 0; look < looks; look += 1) await plane.tell();
    return lines;
  }

  it.each([
    { who: "Cilium", has: ["lo", "cilium_host", "lxc1"], says: /^W.*Cilium .*bpf\.hostLegacyRouting=true/ },
    { who: "Calico", has: ["lo", "bpfin.cali", "cali1"], says: /^W.*Calico.*bpfEnabled: false/ },
  ])("is told once, with what to set, when it is there: $who", async ({ has, says }) => {
    expect(await told(has)).toEqual([expect.stringMatching(says)]);
  });

  it("is none where no such interface is there: Calico and Cilium's like without eBPF, kindnet", async () => {
    expect(await told(["lo", "eth0", "cali1", "lxc1", "veth1"])).toEqual([]);
  });

  it("is none where Cilium masquerades by iptables, which it does only where packets pass there", async () => {
    const machine = new FakeIptables();
    machine.apply(NFT, "nat", ":CILIUM_POST_nat - [0:0]");
    machine.apply(NFT, "nat", "-A CILIUM_POST_nat -s 10.0.0.0/24 ! -o cilium_+ -j MASQUERADE");
    expect(await told(["cilium_host"], { machine })).toEqual([]);
  });

  it("may be one where something else masquerades, or where that cannot be read", async () => {
    const machine = new FakeIptables();
    machine.apply(NFT, "nat", "-A OUTPUT -s 10.0.0.0/24 -j MASQUERADE");
    expect(await told(["cilium_host"], { machine })).toHaveLength(1);
    machine.failNext(/save/, "Permission denied");
    expect(await told(["cilium_host"], { machine })).toHaveLength(1);
  });
});

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "../base/log.ts";
import type { Iptables } from "./iptables.ts";
import { type SavedTable, targetOf } from "./saved.ts";

/** What may take pods' packets past netfilter, each known by an interface of the node that nothing else makes. */
const planes = [
  {
    interface: "cilium_host",
    says: "Cilium runs on this node: where it routes by eBPF (`cilium-dbg status` says `Host: BPF`), pods' packets go past NMI's rules to the metadata service: set bpf.hostLegacyRouting=true in Cilium",
    isHarmless: masqueradesByIptables,
  },
  {
    interface: "bpfin.cali",
    says: "Calico's eBPF data plane runs on this node, which may take pods' packets past NMI's rules to the metadata service: try it as docs/interception.md says, or set bpfEnabled: false in Calico",
    isHarmless: () => false,
  },
] as const;

export type DataPlaneOptions = {
  readonly iptables: Iptables;
  readonly log: Log;
  /** Where each interface of the node has a file. */
  readonly interfaceFolder?: string;
};

/**
 * Tells once of a data plane with which rules may do nothing. It may well come after NMI, so one looks often. Never a
 * reason not to run: whether packets really go past the rules, nothing on a node tells without its powers.
 */
export class DataPlane {
  readonly #options: DataPlaneOptions;
  #isJudged = false;

  constructor(options: DataPlaneOptions) {
    this.#options = options;
  }

  async tell(): Promise<void> {
    const { iptables, log, interfaceFolder = "/sys/class/net" } = this.#options;
    const plane = this.#isJudged ? undefined : planes.find((one) => existsSync(join(interfaceFolder, one.interface)));
    if (plane === undefined) return;
    this.#isJudged = true;
    const nat = await iptables.read().then(
      (tableOf) => tableOf("nat"),
      () => undefined,
    );
    if (nat === undefined || !plane.isHarmless(nat)) log.warn(plane.says);
  }
}

/** Cilium routes by the kernel wherever it leaves masquerading to iptables. */
function masqueradesByIptables({ rules }: SavedTable): boolean {
  return rules.some((rule) => /^(OLD_)?CILIUM_POST_nat$/.test(rule.chain) && targetOf(rule) === "MASQUERADE");
}

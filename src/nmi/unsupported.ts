import { Fault } from "../base/fault.ts";
import type { NmiConfig } from "./options.ts";

type Mode = Pick<NmiConfig, "skipIptables" | "node">;

/**
 * Refuses to start where NMI would serve nobody or protect nothing: pods that are not intercepted reach IMDS, and so
 * every identity of the machine.
 * @throws Fault FLAG_INVALID
 */
export function refuseUnsupported({ skipIptables, node }: Mode): void {
  if (node === "") {
    throw new Fault("FLAG_INVALID", "--node is empty: give the name of the node that NMI runs on");
  }
  if (!skipIptables) {
    const message =
      "this version does not redirect pods' requests by itself: have 169.254.169.254:80 redirected to NMI by other means and start it with --skip-iptables";
    throw new Fault("FLAG_INVALID", message);
  }
}

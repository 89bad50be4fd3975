import { Fault } from "../base/fault.ts";
import type { NmiConfig } from "./options.ts";

/** Refuses to start where NMI would serve nobody. @throws Fault FLAG_INVALID */
export function refuseUnsupported({ node }: Pick<NmiConfig, "node">): void {
  if (node === "") {
    throw new Fault("FLAG_INVALID", "--node is empty: give the name of the node that NMI runs on");
  }
}

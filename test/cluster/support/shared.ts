import { describe, inject } from "vitest";
import { type Cluster, openCluster } from "./cluster.ts";

const shared = inject("cluster");

/** Tests on the cluster that all share; skipped, with the reason, where there is none. */
export function onCluster(name: string, tests: (cluster: Cluster) => void): void {
  if ("missing" in shared) describe.skip(`${name} (skipped: ${shared.missing})`, () => tests({} as Cluster));
  else describe(name, () => tests(openCluster(shared.folder)));
}

/** The same side by side: MIC changes a machine four times a minute at most, whatever how many wait for it. */
export function onClusterAtOnce(name: string, tests: (cluster: Cluster) => void): void {
  onCluster(name, (cluster) => describe.concurrent("side by side", () => tests(cluster)));
}

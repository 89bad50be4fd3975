import { describe, inject } from "vitest";
import { type Cluster, openCluster } from "./cluster.ts";

const shared = inject("cluster");

/** Tests on the cluster that all share; skipped, with the reason, where there is none. */
export function onCluster(name: string, tests: (cluster: Cluster) => void): void {
  if ("missing" in shared) describe.skip(`${name} (skipped: ${shared.missing})`, () => tests({} as Cluster));
  else describe(name, () => tests(openCluster(shared.folder)));
}

import { appendFileSync } from "node:fs";
import type { TestProject } from "vitest/node";
import { type Cluster, type Part, startCluster } from "./cluster.ts";
import { clusterMissing } from "./missing.ts";
import { permissionsIn } from "./permissions.ts";

/** The folder of the cluster that all tests of the project share, or why there is none. */
export type SharedCluster = { readonly folder: string } | { readonly missing: string };

declare module "vitest" {
  interface ProvidedContext {
    cluster: SharedCluster;
  }
}

let cluster: (Cluster & AsyncDisposable) | undefined;

/** Runs once before the project's tests. CLUSTER names the folder of one that runs already, and is left running. */
export async function setup(project: TestProject): Promise<void> {
  const reason = clusterMissing();
  if (reason !== undefined) {
    if (process.env.REQUIRE_ALL === "1") throw new Error(`REQUIRE_ALL is set, but ${reason}`);
    process.stderr.write(`the tests on a cluster are skipped: ${reason}\n`);
    return project.provide("cluster", { missing: reason });
  }
  if (process.env.CLUSTER !== undefined) return project.provide("cluster", { folder: process.env.CLUSTER });
  cluster = await startCluster(tell);
  project.provide("cluster", { folder: cluster.folder });
}

/** @throws Error where something was refused to our programs or, after all files, they had a permission that they never used. */
export async function teardown(): Promise<void> {
  if (cluster === undefined) return;
  await using over = cluster;
  const { refused, unused, summary } = await permissionsIn(over);
  process.stderr.write(`permissions: ${summary}\n`);
  const faults = [
    ...refused.map((one) => `refused  ${one}`),
    ...(process.env.CLUSTER_WHOLE === "1" ? unused.map((one) => `unused   ${one}`) : []),
  ];
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  if (faults.length > 0) throw new Error(`${faults.length} faults in the permissions of the chart, as told above`);
}

/** CLUSTER_TIMES is the file that collects how long the parts took, for `npm run test:cluster`. */
function tell({ name, seconds }: Part): void {
  process.stderr.write(`${name} after ${seconds.toFixed(1)} s\n`);
  if (process.env.CLUSTER_TIMES !== undefined) appendFileSync(process.env.CLUSTER_TIMES, `${name}\t${seconds}\n`);
}

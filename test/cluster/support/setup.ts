import { appendFileSync } from "node:fs";
import type { TestProject } from "vitest/node";
import { type Cluster, type Part, startCluster } from "./cluster.ts";
import { clusterMissing } from "./missing.ts";

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

export async function teardown(): Promise<void> {
  await cluster?.[Symbol.asyncDispose]();
}

/** CLUSTER_TIMES is the file that collects how long the parts took, for `npm run test:cluster`. */
function tell({ name, seconds }: Part): void {
  process.stderr.write(`${name} after ${seconds.toFixed(1)} s\n`);
  if (process.env.CLUSTER_TIMES !== undefined) appendFileSync(process.env.CLUSTER_TIMES, `${name}\t${seconds}\n`);
}

import type { TestProject } from "vitest/node";
import { type Cluster, type Part, startCluster } from "./cluster.ts";
import { clusterMissing } from "./missing.ts";
import { tellTime } from "./part-times.ts";
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
  let faults: number;
  try {
    faults = await tellPermissions(cluster);
  } finally {
    const begin = performance.now();
    await cluster[Symbol.asyncDispose]();
    tell({ name: "cluster ended", seconds: (performance.now() - begin) / 1000 });
  }
  if (faults > 0) throw new Error(`${faults} faults in the permissions of the chart, as told above`);
}

/** How many faults there are. CLUSTER_WHOLE says that all files have run. */
async function tellPermissions({ folder }: Cluster): Promise<number> {
  const { refused, unused, summary } = await permissionsIn({ folder });
  const tooMany = process.env.CLUSTER_WHOLE === "1" ? unused : [];
  const faults = [...refused.map((one) => `refused  ${one}`), ...tooMany.map((one) => `unused   ${one}`)];
  process.stderr.write(`permissions: ${[summary, ...faults].join("\n")}\n`);
  return faults.length;
}

function tell({ name, seconds }: Part): void {
  process.stderr.write(`${name} after ${seconds.toFixed(1)} s\n`);
  tellTime({ part: name, seconds, meanwhile: false });
}

import type { TestProject } from "vitest/node";
import { type Cluster, type Part, startCluster } from "./cluster.ts";
import { clusterMissing } from "./missing.ts";

/** The folder of the cluster that all tests of the project share, or why there is none. */
export type SharedCluster = { readonly folder: string } | { readonly missing: string };

declare module "vitest" {
  interface ProvidedContext {
    cluster: SharedCluster;
    parts: readonly Part[];
  }
}

let cluster: (Cluster & AsyncDisposable) | undefined;

export async function setup(project: TestProject): Promise<void> {
  const reason = clusterMissing();
  if (reason !== undefined) {
    if (process.env.REQUIRE_ALL === "1") throw new Error(`REQUIRE_ALL is set, but ${reason}`);
    project.provide("cluster", { missing: reason });
    return;
  }
  if (process.env.CLUSTER !== undefined) return project.provide("cluster", { folder: process.env.CLUSTER });
  const parts: Part[] = [];
  cluster = await startCluster((part) => parts.push(part));
  project.provide("cluster", { folder: cluster.folder });
  project.provide("parts", parts);
}

export async function teardown(): Promise<void> {
  await cluster?.[Symbol.asyncDispose]();
}

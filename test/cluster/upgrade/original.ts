import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Values } from "../../support/chart/helm.ts";
import { originalCrds } from "../../support/chart/original-chart.ts";
import type { Cluster } from "../support/cluster.ts";
import { RELEASE, SYSTEM } from "../support/release.ts";
import { told } from "../support/runners.ts";

/** Installs what users of release 1.8.17 have, CRDs included, as revision 1 of the release. */
export async function installOriginal(cluster: Cluster, values: Values): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "original-chart-"));
  try {
    await cp(join(import.meta.dirname, "original-chart"), folder, { recursive: true });
    const crds = (await originalCrds()).map((one) => stringify(one)).join("---\n");
    await mkdir(join(folder, "crds"));
    await writeFile(join(folder, "crds/crd.yaml"), crds);
    const args = ["install", RELEASE, folder, "--namespace", SYSTEM, "--wait", "--timeout=3m", "--values=-"];
    told(await cluster.helm(args, { input: stringify(values) }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

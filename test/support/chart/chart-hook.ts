import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { ControlPlaneAddress } from "../kube/control-plane.ts";
import { containerOf, podOf, type Rendered } from "./helm.ts";

/** A hook of the chart as it went. */
export type HookRun = { readonly name: string; readonly code: number | null; readonly output: string };

type Kubectl = {
  kubectl(...args: readonly string[]): Promise<string>;
  get(...args: readonly string[]): Promise<Rendered>;
};

/** Runs a Job of the chart as its pod would: its command on Node, its account's token, its mounts; then tells the API server. */
export async function runHook(job: Rendered, cluster: Kubectl, plane: ControlPlaneAddress): Promise<HookRun> {
  const { name, namespace = "" } = job.metadata;
  const folder = await mkdtemp(join(tmpdir(), "chart-hook-"));
  try {
    const run = await start(job, await mounted(job, cluster, plane, folder), folder, plane);
    await conclude(cluster, name, namespace, run.code === 0);
    return { name, ...run };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function mounted(job: Rendered, cluster: Kubectl, { ca }: ControlPlaneAddress, folder: string) {
  const { namespace = "" } = job.metadata;
  const account = podOf(job).serviceAccountName;
  await writeFile(join(folder, "token"), await cluster.kubectl("create", "token", account, `--namespace=${namespace}`));
  await writeFile(join(folder, "ca.crt"), ca);
  const [volume] = podOf(job).volumes ?? [];
  if (volume === undefined) return {};
  const { data } = await cluster.get("configmap", volume.configMap.name, `--namespace=${namespace}`);
  const files = join(folder, "crds");
  await mkdir(files);
  for (const [file, content] of Object.entries<string>(data)) await writeFile(join(files, file), content);
  return { CRDS_DIR: files };
}

async function start(job: Rendered, mounts: object, folder: string, { server }: ControlPlaneAddress) {
  const { command, args, env = [] } = containerOf(job);
  const own = Object.fromEntries(env.map((one: { name: string; value: string }) => [one.name, one.value]));
  const { hostname, port } = new URL(server);
  const inPod = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port, SERVICE_ACCOUNT_DIR: folder };
  const variables = { ...own, ...inPod, ...mounts, NODE_EXTRA_CA_CERTS: join(folder, "ca.crt") };
  const child = spawn(process.execPath, [...command.slice(1), ...args], { env: variables });
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [code, stdout, stderr] = await Promise.all([closed, text(child.stdout), text(child.stderr)]);
  return { code, output: stdout + stderr };
}

/** Writes what the Job controller would. */
async function conclude(cluster: Kubectl, name: string, namespace: string, isDone: boolean): Promise<void> {
  const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const types = isDone ? ["SuccessCriteriaMet", "Complete"] : ["FailureTarget", "Failed"];
  const conditions = types.map((type) => ({
    type,
    status: "True",
    lastTransitionTime: now,
    reason: "Test",
    message: "",
  }));
  const ended = isDone ? { succeeded: 1, completionTime: now } : { failed: 1 };
  const patch = JSON.stringify({ status: { startTime: now, conditions, ...ended } });
  await cluster.kubectl(
    "patch",
    "job",
    name,
    `--namespace=${namespace}`,
    "--subresource=status",
    "--type=merge",
    `--patch=${patch}`,
  );
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { urls } from "../support/azure-facts.ts";
import { type Cluster, NODES, startCluster } from "../support/cluster.ts";
import { runScript, SCRIPTS, told } from "../support/runners.ts";
import { originalImages } from "./images.ts";

const ARM_LOG_PORT = 9443;

/** A cluster that can run the original's programs beside ours, and that writes down who changed what. */
export type UpgradeWorld = Cluster &
  AsyncDisposable & {
    /** What programs wrote to the API server so far, and what they asked of Resource Manager. */
    written(): Promise<{ readonly audit: string; readonly calls: string }>;
  };

export async function startWorld(): Promise<UpgradeWorld> {
  await using stack = new AsyncDisposableStack();
  const logs = await mkdtemp(join(tmpdir(), "upgrade-logs-"));
  stack.defer(() => rm(logs, { recursive: true, force: true }));
  const [audit, calls] = [join(logs, "audit.log"), join(logs, "arm.log")];
  const policy = `--audit-policy-file=${join(import.meta.dirname, "audit-policy.yaml")}`;
  const cluster = stack.use(await startCluster(tell, [policy, `--audit-log-path=${audit}`]));
  const images = await originalImages(logs);
  told(await runScript("cluster", ["load", cluster.folder, ...images]));
  stack.use(await startArmLog(cluster.folder, calls));
  for (const node of NODES) await writeEndpoints(cluster, node);
  const cleanUp = stack.move();
  const read = (file: string) => readFile(file, "utf8").catch(() => "");
  return {
    ...cluster,
    written: async () => ({ audit: await read(audit), calls: await read(calls) }),
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}

const tell = (part: { readonly name: string; readonly seconds: number }) =>
  process.stdout.write(`${part.name}: ${part.seconds.toFixed(1)} s\n`);

async function startArmLog(folder: string, file: string): Promise<AsyncDisposable> {
  const home = join(dirname(folder), "azure");
  const program = [process.execPath, join(import.meta.dirname, "arm-log.ts"), home, String(ARM_LOG_PORT), file];
  const args = ["exec", folder, "--", ...program];
  const child: ChildProcess = spawn(join(SCRIPTS, "cluster"), args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "close");
  if (child.stdout === null) throw new Error("the log of Resource Manager has no output");
  await Promise.race([once(child.stdout, "data"), ended]);
  return {
    async [Symbol.asyncDispose]() {
      child.stdin?.end();
      await ended;
    },
  };
}

/** MIC finds Resource Manager behind the one that writes down who calls. */
async function writeEndpoints(cluster: Cluster, node: number): Promise<void> {
  const resourceManagerEndpoint = urls.arm.replace(/:\d+\//, `:${ARM_LOG_PORT}/`);
  const input = JSON.stringify({ resourceManagerEndpoint, activeDirectoryEndpoint: urls.entra });
  told(await cluster.onNode(node, ["sh", "-c", "cat >/etc/kubernetes/akscustom.json"], { input }));
}

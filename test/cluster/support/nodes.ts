import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isRunning } from "../../support/processes.ts";
import { eventually } from "../../support/time/eventually.ts";
import { type Cluster, makeAzureNode, startAgain } from "./cluster.ts";
import { told } from "./runners.ts";

/** Where a program of ours is in its container. */
type Program = "mic" | "nmi";

/** Kills a program of ours on a node, as a crash does. */
export async function killOn(cluster: Cluster, node: number, program: Program): Promise<void> {
  const name = `/app/[${program[0]}]${program.slice(1)}.cjs`; // a pattern that the command below does not match itself
  const find = `for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline | grep -q '${name}' && echo \${p#/proc/}; done 2>/dev/null; true`;
  const pids = told(await cluster.onNode(node, ["sh", "-c", find]))
    .trim()
    .split("\n");
  if (pids[0] === "") throw new Error(`${program} does not run on node${node}`);
  told(await cluster.onNode(node, ["kill", "-KILL", ...pids]));
}

/** What a program answers that asks by a pod's network, where the API server is away and nothing can be run in the pod. */
export async function byNetworkOf(
  cluster: Cluster,
  node: number,
  podIp: string,
  command: readonly string[],
): Promise<string> {
  const enter = 'if nsenter --net="$n" ip -4 -o addr show | grep -q " $ip/"; then exec nsenter --net="$n" "$@"; fi';
  const script = `ip=$1; shift; for n in /run/netns/*; do ${enter}; done; exit 9`;
  return told(await cluster.onNode(node, ["sh", "-c", script, "-", podIp, ...command]));
}

/** Kills the API server; disposing starts it again, and waits until it answers. */
export async function apiServerDown(cluster: Cluster): Promise<AsyncDisposable> {
  await kill(Number(pidOf(cluster, "control-plane/run/kube-apiserver.pid")));
  return { [Symbol.asyncDispose]: () => startAgain(cluster.folder) };
}

/** Takes the power from a node and the node out of the cluster; disposing brings it back as a new one. */
export async function withoutNode(cluster: Cluster, node: number): Promise<AsyncDisposable> {
  await kill(Number(pidOf(cluster, `run/node${node}.pid`)));
  await cluster.kubectl("delete", "node", `node${node}`);
  return {
    [Symbol.asyncDispose]: async () => {
      // A kubelet that starts without its Node waits minutes for what it did not find at first.
      await cluster.apply({ apiVersion: "v1", kind: "Node", metadata: { name: `node${node}` } });
      await startAgain(cluster.folder);
      await makeAzureNode(cluster, node);
    },
  };
}

function pidOf(cluster: Cluster, file: string): string {
  return readFileSync(join(cluster.folder, file), "utf8").split(" ")[0] ?? "";
}

/** The process that a script of ours started, by its number, and whoever lives only with it. */
async function kill(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
  await eventually(() => isRunning(pid)).toBe(false);
}

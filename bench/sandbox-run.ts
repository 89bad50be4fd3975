import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { SandboxClient } from "./sandbox-client.ts";
import { access, nodeName, nodeObject, podObject, TOKEN_PATH } from "./sandbox-objects.ts";

export type SandboxSize = { readonly pods: number; readonly nodes: number; readonly timed: number };
export type SandboxRun = {
  /** From the start of the process to its first answer. */
  readonly startMs: number;
  /** Of each pod, in order. */
  readonly createMs: readonly number[];
  /** From sending a create to its event, in the watch of one node among those of all nodes, in a full cluster. */
  readonly eventMs: readonly number[];
  readonly rssMb: number;
  readonly peakMb: number;
};

const PODS = "/api/v1/namespaces/default/pods";

/** Starts an API server, fills it pod by pod as a service account, and watches it as its nodes do. */
export async function runSandbox(size: SandboxSize, signal: AbortSignal): Promise<SandboxRun> {
  const started = performance.now();
  const child = fork(join(import.meta.dirname, "sandbox-server.ts"), { signal });
  child.on("error", () => {}); // aborted: what waits for it says so
  try {
    const [url] = (await once(child, "message", { signal })) as [string];
    using client = new SandboxClient(url, "admin's");
    for (const [path, object] of access.slice(0, 1)) await client.post(path, object);
    const startMs = performance.now() - started;
    for (const [path, object] of access.slice(1)) await client.post(path, object);
    const { status } = await client.post(TOKEN_PATH, { spec: { expirationSeconds: 86_400 } });
    client.token = (status as { token: string }).token;
    const createMs = await fill(client, size, signal);
    const eventMs = await listen(client, size, signal);
    return { startMs, createMs, eventMs, ...memoryOf(child) };
  } finally {
    child.kill("SIGKILL");
  }
}

async function fill(client: SandboxClient, { pods, nodes }: SandboxSize, signal: AbortSignal): Promise<number[]> {
  for (let i = 0; i < nodes; i += 1) await client.post("/api/v1/nodes", nodeObject(i));
  const took: number[] = [];
  for (let i = 0; i < pods; i += 1) {
    signal.throwIfAborted();
    const from = performance.now();
    await client.post(PODS, podObject(`pod-${i}`, nodeName(i % nodes)));
    took.push(performance.now() - from);
  }
  return took;
}

async function listen(client: SandboxClient, { nodes, timed }: SandboxSize, signal: AbortSignal): Promise<number[]> {
  using watches = new DisposableStack();
  let heard = (_chunk: string) => {};
  const { metadata } = await client.post(PODS, podObject("last", nodeName(0)));
  const { resourceVersion } = metadata as { resourceVersion: string };
  for (let i = 0; i < nodes; i += 1) {
    const query = `watch=true&resourceVersion=${resourceVersion}&fieldSelector=spec.nodeName%3D${nodeName(i)}`;
    watches.use(await client.watch(`/api/v1/pods?${query}`, (chunk) => heard(chunk)));
  }
  const took: number[] = [];
  for (let i = 0; i < timed; i += 1) {
    signal.throwIfAborted();
    const name = `late-${i}`;
    const event = Promise.withResolvers<number>();
    heard = (chunk) => {
      if (chunk.includes(`"${name}"`)) event.resolve(performance.now());
    };
    const from = performance.now();
    await client.post(PODS, podObject(name, nodeName(i % nodes)));
    took.push((await event.promise) - from);
  }
  return took;
}

function memoryOf({ pid }: ChildProcess) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mb = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1024;
  return { rssMb: mb("VmRSS"), peakMb: mb("VmHWM") };
}

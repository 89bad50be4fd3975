import { join } from "node:path";
import { kinds } from "../src/api/kinds.ts";
import { Fault } from "../src/base/fault.ts";
import { createLog } from "../src/base/log.ts";
import { KubeClient } from "../src/kube/client.ts";
import { writeKubeconfig } from "../src/sandbox/files.ts";
import { startAzure } from "./azure-place.ts";
import { podObject, times } from "./bench-cluster.ts";
import { ask } from "./measured.ts";
import { type MicProgram, startMic } from "./mic-program.ts";
import { identityOf, NAMESPACE, type Scale, type ScaleFacts } from "./scale-objects.ts";
import { furnishAzure, startScaleServer } from "./scale-place.ts";
import { until, type Wait } from "./until.ts";

/** MIC in a large cluster where nothing is to be done, and what one pod more or less costs there. */
export type ScaleResult = {
  readonly scale: Scale;
  /** Since the process was started, until all caches were full; and until it led. */
  readonly readyMs: number;
  readonly leadingMs: number;
  /** For each event: the mean time of the looks at the whole cluster that it led to. */
  readonly planMs: readonly number[];
  /** For each event: until the pod's record was Assigned, or gone. */
  readonly doneMs: readonly number[];
  readonly idleMb: number;
  readonly peakMb: number;
};
type Looks = { readonly count: number; readonly seconds: number };

/** A tenth of a second is enough of Azure's time: it is not what is asked about. */
const PATCH_MS = 100;
const START_LIMIT_MS = 120_000;
const EVENT_LIMIT_MS = 30_000;
const LOOKS = "aadpodidentity_mic_plan_duration_seconds";

/** Starts MIC on such a cluster, then lets pods come and go one by one. */
export async function runScale(
  program: MicProgram,
  { scale, events }: { readonly scale: Scale; readonly events: number },
  signal: AbortSignal,
): Promise<ScaleResult> {
  await using azure = await startAzure(PATCH_MS);
  const facts = furnishAzure(azure.world, scale);
  await using server = await startScaleServer(facts, signal);
  const file = join(azure.folder, "kubeconfig");
  const kubeconfig = await writeKubeconfig(file, { server: server.url, caPem: "", token: "bench", user: "bench" });
  const started = await startMic(program, { ...azure, kubeconfig, lease: "bench" }, signal);
  await using mic = started.mic;
  const looks = () => looksSoFar(started.metricsPort);
  const wait = { what: "the first look at the cluster", limitMs: START_LIMIT_MS, signal };
  await until(async () => (await looks()).count > 0, wait);
  checkNothingToDo(azure.world.traffic.calls("arm.virtualMachineScaleSets.update"));
  const idleMb = mic.memoryMb().now;

  const access = { server: server.url, credentials: async () => ({}) };
  await using client = new KubeClient(access, { userAgent: "bench", log: createLog({ write: () => {} }) });
  const planMs: number[] = [];
  const doneMs: number[] = [];
  for (const event of times(events, (n) => eventOf(n, facts))) {
    const before = await looks();
    doneMs.push(await carryOut(event, client, signal));
    const after = await looks();
    planMs.push((1_000 * (after.seconds - before.seconds)) / (after.count - before.count));
  }
  const { readyMs = Number.NaN, leadingMs } = started;
  return { scale, readyMs, leadingMs, planMs, doneMs, idleMb, peakMb: mic.memoryMb().peak };
}

/** A cluster that MIC wants to change is not the one that was meant: its numbers would tell of something else. */
function checkNothingToDo(patches: number): void {
  if (patches > 0) throw new Error(`${patches} machines were changed, although nothing was to be done`);
}

type Event = { readonly pod: object; readonly name: string; readonly record: string; readonly comes: boolean };

/** Even events bring a pod, odd ones take it away again. */
function eventOf(n: number, { nodes, scale }: ScaleFacts): Event {
  const nth = Math.floor(n / 2);
  const at = (nth * 997) % nodes.length; // somewhere else each time
  const name = `late-${nth}`;
  const label = identityOf(Math.floor(at / scale.instances), nth, scale);
  const pod = podObject({ namespace: NAMESPACE, name, nodeName: nodes[at]?.name ?? "", label });
  return { pod, name, record: `${name}-${NAMESPACE}-${label}`, comes: n % 2 === 0 };
}

async function carryOut({ pod, name, record, comes }: Event, client: KubeClient, signal: AbortSignal): Promise<number> {
  const wait: Wait = { what: `${record} follows its pod`, limitMs: EVENT_LIMIT_MS, signal };
  const ref = { namespace: NAMESPACE, name };
  if (comes) await client.create(kinds.pod, NAMESPACE, pod, signal);
  else await client.remove(kinds.pod, ref, { graceSeconds: 0 }, signal);
  const state = async () => {
    try {
      const found = await client.get(kinds.assignment, { namespace: NAMESPACE, name: record }, signal);
      return (found as { readonly status: { readonly status: string } }).status.status;
    } catch (reason) {
      if (Fault.is(reason, "KUBE_NOT_FOUND")) return "gone";
      throw reason;
    }
  };
  return await until(async () => (await state()) === (comes ? "Assigned" : "gone"), wait);
}

async function looksSoFar(port: number): Promise<Looks> {
  const { body = "" } = (await ask(port, "/metrics")) ?? {};
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(body)?.[1] ?? 0);
  return { count: value(`${LOOKS}_count`), seconds: value(`${LOOKS}_sum`) };
}

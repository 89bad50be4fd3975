import { setTimeout } from "node:timers/promises";
import { kinds } from "../src/api/kinds.ts";
import type { KubeClient } from "../src/kube/client.ts";
import type { World } from "../src/sandbox/azure/world.ts";
import { startAzure } from "./azure-place.ts";
import {
  bindingObject,
  clear,
  createAll,
  createMachines,
  identityObject,
  type Machines,
  namespaceObject,
  namespaces,
  nodeObject,
  podObject,
  removeAll,
  type Size,
  times,
} from "./bench-cluster.ts";
import { measurePhase, type Phase } from "./mic-phase.ts";
import { type MicProgram, type StartTimes, startMic } from "./mic-program.ts";
import { followRecords } from "./mic-records.ts";

/** How one program did once: pods came and got their identities, and went again. */
export type Wave = StartTimes & {
  readonly program: string;
  readonly come: Phase;
  readonly go: Phase;
  readonly idleMb: number;
  readonly peakMb: number;
  /** Processor time from the first pod to the end. */
  readonly processorMs: number;
};
export type WavePlace = {
  readonly client: KubeClient;
  readonly kubeconfig: string;
  /** A new one each time. */
  readonly namespace: string;
  readonly size: Size;
};

/** How long Azure takes for a change of a machine. */
export const PATCH_MS = 2_000;
const SETTLE_MS = 2_000;

/** One run, with an Azure and a lease of its own; nothing that a later one could see stays in the cluster. */
export async function runWave(program: MicProgram, place: WavePlace, signal: AbortSignal): Promise<Wave> {
  await using stack = new AsyncDisposableStack();
  const azure = stack.use(await startAzure(PATCH_MS));
  const machines = createMachines(azure.world, place.size);
  stack.defer(() => clear(place.client));
  await furnish(place, azure.world, machines, signal);
  const records = stack.use(await followRecords(place.client));
  const { kubeconfig, namespace } = place;
  const started = await startMic(program, { ...azure, kubeconfig, lease: `bench-${namespace}` }, signal);
  const { mic, metricsPort: _, ...startTimes } = started;
  stack.use(mic);
  await setTimeout(SETTLE_MS, undefined, { signal });
  const idleMb = mic.memoryMb().now;
  const processorBeforeMs = mic.processorMs();
  const phases = await comeAndGo({ place, machines, world: azure.world, records, ...started }, signal);
  const processorMs = mic.processorMs() - processorBeforeMs;
  return { program: program.name, ...startTimes, ...phases, idleMb, peakMb: mic.memoryMb().peak, processorMs };
}

/** All that is there before the first pod. */
async function furnish(
  { client, namespace, size }: WavePlace,
  world: World,
  { nodes }: Machines,
  signal: AbortSignal,
): Promise<void> {
  const names = times(size.identities, labelOf);
  await client.create(namespaces, "", namespaceObject(namespace), signal);
  await createAll(client, kinds.node, nodes.map(nodeObject), signal);
  const identities = names.map((name) => identityObject(world, namespace, name));
  await createAll(client, kinds.identity, identities, signal);
  const bindings = names.map((name) => bindingObject(namespace, name));
  await createAll(client, kinds.binding, bindings, signal);
}

type Running = {
  readonly place: WavePlace;
  readonly machines: Machines;
  readonly world: World;
  readonly records: Awaited<ReturnType<typeof followRecords>>;
} & Awaited<ReturnType<typeof startMic>>;

async function comeAndGo({ place, machines, world, records, mic }: Running, signal: AbortSignal) {
  const { client, size } = place;
  const shared = { traffic: world.traffic, mic };
  const pods = podsOn(machines.nodes, place);
  const coming = {
    what: "every pod has its identity",
    happen: () => createAll(client, kinds.pod, pods, signal),
    isDone: () => records.states().filter((state) => state === "Assigned").length === size.pods,
  };
  const isBare = () => machines.ids.every((id) => world.identitiesOn(id).length === 0);
  const going = {
    what: "all records are gone and the machines bare",
    happen: () => removeAll(client, kinds.pod, signal),
    isDone: () => records.states().length === 0 && isBare(),
  };
  const come = await measurePhase({ ...shared, ...coming }, signal);
  return { come, go: await measurePhase({ ...shared, ...going }, signal) };
}

/** Every node gets as many pods, and of every identity as many, as far as the numbers allow. */
function podsOn(nodes: Machines["nodes"], { namespace, size }: WavePlace): readonly object[] {
  return times(size.pods, (n) => {
    const nodeName = nodes[n % nodes.length]?.name ?? "";
    const label = labelOf(Math.floor(n / nodes.length) % size.identities);
    return podObject({ namespace, name: `pod-${n}`, nodeName, label });
  });
}

function labelOf(n: number): string {
  return `identity-${n}`;
}

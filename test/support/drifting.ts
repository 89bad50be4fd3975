import { resourceKey } from "../../src/api/resource-id.ts";
import type { Snapshot } from "../../src/assignment/types.ts";
import { DriftRepair } from "../../src/mic/drift.ts";
import { FakeMachines } from "./azure/fake-machines.ts";
import { snapshot } from "./kube/small-cluster.ts";
import { assignment, binding, identity, identityId, node, pod } from "./make.ts";
import { FakeClock } from "./time/fake-clock.ts";

/** How long after the beginning of a round the next one begins. */
export const INTERVAL_MS = 180_000;

/** The identity that every pod has. */
export const demo = resourceKey(identityId("demo"));

/** The machine of `node-i`. */
export const vm = (i: number) =>
  `/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute/virtualmachines/node-${i}`;

/** Pods `a0`, `a1`… on nodes of their own. */
export const pods = (count: number) =>
  Array.from({ length: count }, (_, i) => pod(`a${i}`, { spec: { nodeName: `node-${i}` } }));
export const nodes = (count: number) => Array.from({ length: count }, (_, i) => node(`node-${i}`));

/** A cluster whose pods have the identity `demo`, as their machines do, and what is seen of these, and told. */
export function drifting({ count = 1, ...over }: Partial<Snapshot> & { readonly count?: number } = {}) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const machines = new FakeMachines();
  for (let i = 0; i < count; i += 1) machines.put(vm(i), demo);
  const told: string[] = [];
  const [busy, roomless] = [new Set<string>(), new Set<string>()];
  let found = 0;
  let world = clusterOf(count, over);
  let read = (machine: string, _signal: AbortSignal) => machines.read(machine);
  const drift = new DriftRepair({
    read: (machine, signal) => read(machine, signal),
    clientId: (resourceId) => machines.clientId(resourceId),
    snapshot: () => world,
    clock,
    intervalMs: INTERVAL_MS,
    isBusy: (machine) => busy.has(machine),
    mayRead: (machine) => !roomless.has(machine),
    events: eventsInto(told),
    onFound: () => {
      found += 1;
    },
  });
  let running: Promise<void> | undefined;
  const pass = async (ms: number) => {
    running ??= drift.run(stop.signal);
    await new Promise(setImmediate);
    clock.advance(ms);
    await new Promise(setImmediate);
  };
  /** Lets time pass until a round has ended, and gives what was told in it. */
  const round = async () => {
    const before = told.length;
    while (!told.slice(before).some((line) => line.startsWith("round "))) await pass(100);
    return told.slice(before, -1);
  };
  const next = async () => {
    clock.advance(INTERVAL_MS);
    return await round();
  };
  const becomes = (now: Partial<Snapshot>) => {
    world = { ...world, ...now };
  };
  const reads = (by: typeof read) => {
    read = by;
  };
  const dispose = async () => {
    stop.abort(new Error("enough"));
    await running;
  };
  const t = { clock, machines, told, busy, roomless, drift, round, next, pass, becomes, reads, found: () => found };
  return { ...t, [Symbol.asyncDispose]: dispose };
}

function clusterOf(count: number, over: Partial<Snapshot>): Snapshot {
  const [given, bound] = [identity("demo"), binding("demo")];
  const assignments = pods(count).map((one) => assignment({ pod: one, identity: given, binding: bound }));
  const all = { pods: pods(count), nodes: nodes(count), identities: [given], bindings: [bound], assignments };
  return snapshot({ ...all, ...over });
}

/** Events, each as a line. */
function eventsInto(told: string[]): ConstructorParameters<typeof DriftRepair>[0]["events"] {
  const short = (machine: string) => machine.split("/").at(-1) ?? "";
  return {
    driftFound: ({ kind, machine }, bonds) => told.push(`${kind} on ${short(machine)}: ${bonds.map((one) => one.pod)}`),
    driftMended: ({ kind, machine }, bonds) =>
      told.push(`mended ${kind} on ${short(machine)}: ${bonds.map((one) => one.pod)}`),
    refused: ({ pod }, { fault }) => told.push(`${pod} hears: ${fault.message}`),
    clientIdWrong: ({ meta }, azures) => told.push(`${meta.name} is not ${azures}`),
    clientIdUnknown: ({ meta }, onMachine, { code }) => told.push(`${meta.name} is not ${onMachine}, or ${code}`),
    identityUnreadable: (resourceId, { code }) => told.push(`${code} ${short(resourceId)}`),
    machineUnreadable: (machine, { code }) => told.push(`${code} ${short(machine)}`),
    driftRound: (round) => told.push(`round ${round.read}/${round.machines} in ${round.tookMs}`),
    driftFailed: ({ message }) => told.push(message),
  };
}

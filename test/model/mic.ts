import { neededOn } from "../../src/assignment/needed.ts";
import { ArmMachines } from "../../src/azure/machines.ts";
import { Metrics } from "../../src/base/metrics.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { endpointsLock } from "../../src/kube/endpoints-lock.ts";
import { LeaderLease } from "../../src/kube/leader.ts";
import { lead } from "../../src/kube/leadership.ts";
import { leaseLock } from "../../src/kube/lease.ts";
import { DriftRepair } from "../../src/mic/drift.ts";
import { micEvents } from "../../src/mic/events.ts";
import { executePlan } from "../../src/mic/execute.ts";
import { SyncLoop } from "../../src/mic/loop.ts";
import { micMetrics } from "../../src/mic/metrics.ts";
import { createRecords } from "../../src/mic/records.ts";
import { catchUp, gather, micStores, onRelevantChange } from "../../src/mic/stores.ts";
import type { ComputePort } from "./compute-port.ts";
import type { Life } from "./life.ts";
import type { Surroundings } from "./mic-pod.ts";
import { PINNED_CLIENT_ID, SCOPE } from "./names.ts";
import type { Conduct } from "./watchman.ts";
import type { Wire } from "./wire.ts";

/** Twice MIC's default, so that there are fewer renewals to play; everything else follows from it. */
const LEASE_MS = 30_000;
const RESYNC_MS = 3_600_000;
/** More often than by default: what histories break is to be mended within few renewals. */
const DRIFT_MS = 60_000;

const metrics = new Metrics(micMetrics);
const pinnedClientIds = new Set([PINNED_CLIENT_ID]);
const scopes = [SCOPE];

export type Ways = {
  readonly life: Life;
  readonly conduct: Conduct;
  readonly wire: Wire;
  readonly compute: ComputePort;
  /** Calls back when azure.json was read anew. */
  readonly onAccessChange: (listener: () => void) => void;
};

/** MIC from its clients upwards as the program joins it, over wires, time and chance of ours; ends when it is stopped. */
export async function runMic(name: string, around: Surroundings, ways: Ways, stop: AbortController): Promise<void> {
  const { log, watchman } = around;
  const { life, conduct, wire } = ways;
  const { signal } = stop;
  const shared = { log, clock: life.clock, random: around.dice.next };
  const client = new KubeClient({ transport: wire }, { ...shared, userAgent: "mic", qps: 100, burst: 200 });
  const leaseClient = new KubeClient({ transport: wire }, { ...shared, userAgent: "mic" });
  const { stores, loop, drift } = engine(around, ways, client);

  const following = Object.values(stores).map((store) => store.run(signal));
  await Promise.all(Object.values(stores).map((store) => store.ready(signal)));
  const ref = { namespace: "default", name: "aad-pod-identity-mic" };
  const locks = [leaseLock(leaseClient, ref), endpointsLock(leaseClient, ref, "")];
  const leases = locks.map((lock) => new LeaderLease({ ...shared, lock, identity: name, durationMs: LEASE_MS }));
  const work = async (held: AbortSignal) => {
    watchman.leads(conduct);
    held.addEventListener("abort", () => watchman.leadsNoMore(conduct), { once: true });
    await catchUp(stores, held);
    await Promise.all([loop.run(held), drift.run(held)]);
  };
  // Who has lost the lease ends with all that it holds.
  if ((await lead(leases, work, signal)) === "lost") stop.abort(new DOMException("the lease is lost", "AbortError"));
  await Promise.all(following);
}

function engine({ log, dice, isNamespaced, home }: Surroundings, ways: Ways, client: KubeClient) {
  const { life, conduct, wire, compute, onAccessChange } = ways;
  const { clock } = life;
  const random = dice.next;
  const stores = micStores({ client, log, clock, random });
  const announcer = { record: () => {} };
  const events = micEvents({ log, metrics, announcer, findPod: (ref) => stores.pods.get(ref), clock });
  const records = createRecords({ client, store: stores.assignments, clock, onWrite: events.recordWritten });
  const { azureCalled: onCall, identitiesSpared: onSpared } = events;
  const machines = new ArmMachines({
    compute,
    clock,
    random,
    pinnedClientIds: () => pinnedClientIds,
    onCall,
    onSpared,
  });
  const settings = () => ({ isNamespaced, home: home(), scopes, pinnedClientIds });
  const drift: DriftRepair = new DriftRepair({
    read: (machine, stop) => machines.read(machine, stop),
    clientId: (resourceId, stop) => compute.clientId(resourceId, stop),
    snapshot: () => gather(stores, settings()),
    clock,
    intervalMs: DRIFT_MS,
    isBusy: (machine) => loop.isBusy(machine),
    mayRead: (machine) => machines.mayRead(machine),
    events,
    onFound: () => loop.changed(),
  });
  const ports = {
    records,
    machines,
    neededOn: (machine: string) => neededOn(machine, gather(stores, settings())),
    events,
    repairs: drift,
    writesAtOnce: 20,
  };
  conduct.shown = () => wire.known();
  const loop: SyncLoop = new SyncLoop({
    snapshot: () => gather(stores, settings(), drift.found),
    execute: (plan, stop) => executePlan(plan, ports, stop),
    machines,
    events,
    clock,
    random,
    resyncMs: RESYNC_MS,
    firstPauseMs: 1_000,
  });
  onRelevantChange(stores, () => loop.changed());
  stores.nodes.onChange((change) => drift.nodeChanged(change));
  onAccessChange(() => {
    machines.accessChanged();
    loop.tryAgain();
  });
  return { stores, loop, drift };
}

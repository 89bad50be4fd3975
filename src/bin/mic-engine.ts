import type { Assignment } from "../api/assignment.ts";
import { neededOn } from "../assignment/needed.ts";
import type { Settings } from "../assignment/types.ts";
import type { CloudSource } from "../azure/cloud-source.ts";
import { type Compute, guarded } from "../azure/compute.ts";
import { Identities } from "../azure/identities.ts";
import { ArmMachines } from "../azure/machines.ts";
import { SdkCompute } from "../azure/sdk-compute.ts";
import { realClock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { Env } from "../base/options.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Announcer } from "../mic/announcer.ts";
import { DriftRepair } from "../mic/drift.ts";
import { type MicEvents, micEvents } from "../mic/events.ts";
import { executePlan } from "../mic/execute.ts";
import { SyncLoop } from "../mic/loop.ts";
import type { MicMetrics } from "../mic/metrics.ts";
import type { MicConfig } from "../mic/options.ts";
import { createRecords } from "../mic/records.ts";
import { micSettings } from "../mic/settings.ts";
import { gather, type MicStores, onRelevantChange } from "../mic/stores.ts";
import { hasSuccessor } from "../mic/successor.ts";

type Tools = {
  readonly config: MicConfig;
  readonly source: CloudSource;
  readonly client: KubeClient;
  readonly stores: MicStores;
  readonly metrics: MicMetrics;
  readonly announcer: Announcer;
  readonly log: Log;
  /** The user agent of all calls. */
  readonly agent: string;
  readonly env: Env;
  /** Whether this instance leads for certain, by the clock. */
  readonly isLeading: () => boolean;
};

const clock = realClock;

/** What a leader does: the loop and drift repair, joined to the API server and to Azure. */
export function micEngine(tools: Tools) {
  const { config, source, client, stores, metrics, announcer, log, env } = tools;
  const access = () => source.access ?? notReady();
  const settings = (): Settings => micSettings(config, access().config, env);
  const events = micEvents({ log, metrics, announcer, findPod: (ref) => stores.pods.get(ref) });
  const apiVersion = config.armApiVersion === "" ? {} : { apiVersion: config.armApiVersion };
  const compute = new SdkCompute({ access, userAgent: tools.agent, env, clock, ...apiVersion });
  const identities = new Identities({ access, userAgent: tools.agent, env, clock });
  const ours = guarded(compute, () => checkLeading(tools.isLeading));
  const machines = armMachines(tools, { compute: ours, settings, events });
  metrics.follow("aadpodidentity_mic_quarantined_identities", () => machines.quarantined);
  const records = createRecords({ client, store: stores.assignments, clock, onWrite: events.recordWritten });
  const snapshot = () => gather(stores, settings(), drift.found);
  const drift: DriftRepair = new DriftRepair({
    read: (machine, stop) => machines.read(machine, stop),
    clientId: (resourceId, stop) => identities.clientId(resourceId, stop),
    snapshot,
    clock,
    intervalMs: config.reconcileIntervalMs,
    isBusy: (machine) => loop.isBusy(machine),
    mayRead: (machine) => machines.mayRead(machine),
    events,
    onFound: () => loop.changed(),
  });
  const ports = {
    records,
    hasSuccessor: (record: Assignment) => hasSuccessor(record, () => stores.assignments.list()),
    machines,
    neededOn: (machine: string) => neededOn(machine, snapshot()),
    events,
    repairs: drift,
    writesAtOnce: config.createDeleteBatch,
  };
  const loop: SyncLoop = new SyncLoop({
    snapshot,
    execute: (plan, stop, asksAzure) => executePlan(plan, { ...ports, asksAzure }, stop),
    machines,
    events,
    clock,
    resyncMs: config.resyncMs,
    firstPauseMs: config.updateRetryIntervalMs,
  });
  onRelevantChange(stores, () => loop.changed());
  stores.nodes.onChange((change) => drift.nodeChanged(change));

  return {
    settings,
    snapshot,
    get isRunning(): boolean {
      return loop.isRunning;
    },
    get isStuck(): boolean {
      return loop.isStuck || drift.isStuck;
    },
    /** azure.json was read anew. */
    accessChanged(): void {
      machines.accessChanged();
      loop.tryAgain();
    },
    async run(signal: AbortSignal): Promise<void> {
      events.leading();
      void compute.prepare(settings().home.subscription);
      try {
        await Promise.all([loop.run(signal), drift.run(signal)]);
      } finally {
        events.leadingEnded();
      }
    },
  };
}

type Azure = {
  readonly compute: Compute;
  readonly settings: () => Settings;
  readonly events: MicEvents;
};

function armMachines({ config }: Tools, { compute, settings, events }: Azure): ArmMachines {
  return new ArmMachines({
    compute,
    clock,
    pinnedClientIds: () => settings().pinnedClientIds,
    maxRetries: config.updateMaxRetry,
    retryIntervalMs: config.updateRetryIntervalMs,
    onCall: events.azureCalled,
    onSpared: events.identitiesSpared,
    onWait: events.budgetWaited,
    onBreaker: events.breakerChanged,
  });
}

function checkLeading(isLeading: () => boolean): void {
  if (!isLeading())
    throw new Fault("LEASE_LOST", "leader lease lost: another instance may lead, so nothing is changed");
}

/** Nobody leads before azure.json has been read. */
function notReady(): never {
  throw new Fault("CLOUD_CONFIG_INVALID", "there is no cloud configuration yet");
}

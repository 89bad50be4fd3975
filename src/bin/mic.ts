import { hostname } from "node:os";
import { loadCloudConfig } from "../azure/cloud-config.ts";
import { findCloud } from "../azure/clouds.ts";
import { createCredential, signInSummary } from "../azure/credentials.ts";
import { ArmMachines } from "../azure/machines.ts";
import { SdkCompute } from "../azure/sdk-compute.ts";
import { realClock } from "../base/clock.ts";
import { serveMetrics } from "../base/endpoints.ts";
import { Fault } from "../base/fault.ts";
import { Metrics } from "../base/metrics.ts";
import type { Env } from "../base/options.ts";
import { userAgent, version } from "../base/version.ts";
import { KubeClient } from "../kube/client.ts";
import { EventRecorder } from "../kube/events.ts";
import { loadAccess } from "../kube/kubeconfig.ts";
import { LeaderLease } from "../kube/leader.ts";
import { leaseLock } from "../kube/lease.ts";
import { micEvents } from "../mic/events.ts";
import { executePlan } from "../mic/execute.ts";
import { SyncLoop } from "../mic/loop.ts";
import { micMetrics } from "../mic/metrics.ts";
import { type MicConfig, micOptions } from "../mic/options.ts";
import { serveProbes } from "../mic/probes.ts";
import { createRecords } from "../mic/records.ts";
import { micSettings } from "../mic/settings.ts";
import { catchUp, gather, micStores, notFilled, onRelevantChange } from "../mic/stores.ts";
import { type Context, runProgram } from "./program.ts";

const COMPONENT = "aadpodidentity.k8s.io";
const FLUSH_MS = 2_000;

async function run(config: MicConfig, { signal, log }: Context): Promise<void> {
  log.info(`starting mic process. Version: ${version.version}. Build date: ${version.date}.`);
  const clock = realClock;
  const agent = userAgent("MIC", config.customUserAgent);
  const cloudConfig = await loadCloudConfig(config.cloudConfigFile, process.env);
  const cloud = await findCloud(cloudConfig.cloud, process.env.AZURE_ENVIRONMENT_FILEPATH);
  log.info(signInSummary(cloudConfig));
  const access = await loadAccess(config.kubeconfig, process.env);

  // Budgets of their own: neither a wave of records nor a burst of events may hold up the lease.
  const { clientQps: qps } = config;
  await using client = new KubeClient(access, { userAgent: agent, log, qps, burst: Math.max(1, Math.round(qps * 2)) });
  await using leaseClient = new KubeClient(access, { userAgent: agent, log });
  await using eventClient = new KubeClient(access, { userAgent: agent, log, qps: 50, burst: 100 });
  await using announcer = new EventRecorder({ client: eventClient, component: COMPONENT, log });

  const settings = micSettings(config, cloudConfig, process.env);
  const metrics = new Metrics(micMetrics);
  const stores = micStores({ client, log });
  const events = micEvents({ log, metrics, announcer, findPod: (ref) => stores.pods.get(ref) });
  const records = createRecords({ client, store: stores.assignments, clock, onWrite: events.recordWritten });
  const azure = { cloud, credential: () => createCredential(cloudConfig, cloud) };
  const machines = new ArmMachines({
    compute: new SdkCompute({ access: () => azure, userAgent: agent, clock }),
    clock,
    pinnedClientIds: () => settings.pinnedClientIds,
    onCall: events.azureCalled,
    onSpared: events.identitiesSpared,
  });
  const ports = { records, machines, events, onMended: () => {}, writesAtOnce: config.createDeleteBatch };
  const loop = new SyncLoop({
    snapshot: () => gather(stores, settings),
    execute: (plan, stop) => executePlan(plan, ports, stop),
    machines,
    events,
    clock,
    resyncMs: config.resyncMs,
    firstPauseMs: config.updateRetryIntervalMs,
  });
  onRelevantChange(stores, () => loop.changed());

  const health = { isActive: () => loop.isRunning, notReady: () => notFilled(stores), isStuck: () => loop.isStuck };
  await using probes = await serveProbes(health, config.probePort);
  log.info(`initialized health probe on port ${probes.port}`);
  await using metricsServer = await serveMetrics(metrics, config.prometheusPort);
  log.info(`registered and exported metrics on port ${metricsServer.port}`);

  const following = Object.values(stores).map((store) => store.run(signal));
  await Promise.all(Object.values(stores).map((store) => store.ready(signal)));
  const lease = new LeaderLease({
    lock: leaseLock(leaseClient, { namespace: config.leaderNamespace, name: config.leaderName }),
    identity: config.leaderInstance || hostname(),
    durationMs: config.leaderDurationMs,
    log,
  });
  const lead = async (stop: AbortSignal) => {
    await catchUp(stores, stop);
    events.leading();
    await loop.run(stop);
  };
  if ((await lease.lead(lead, signal)) === "lost") {
    log.error("lost leader lease");
    throw new Fault("LEASE_LOST", "lost leader lease: another instance takes over, and this one has to start again");
  }
  await Promise.all(following);
  await announcer.flush(AbortSignal.timeout(FLUSH_MS));
}

function namespaceProblems({ MIC_POD_NAMESPACE: namespace = "" }: Env): readonly string[] {
  return namespace === ""
    ? ["namespace not specified. Please add meta.namespace as env variable MIC_POD_NAMESPACE"]
    : [];
}

void runProgram({
  name: "mic",
  summary: "puts the identities that are bound to pods on the machines that the pods run on",
  options: micOptions,
  problems: namespaceProblems,
  run,
});

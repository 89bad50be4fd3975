import { hostname } from "node:os";
import { CloudSource } from "../azure/cloud-source.ts";
import { azureProxyProblem, withAzureProxyUrls } from "../azure/proxy.ts";
import { realClock } from "../base/clock.ts";
import { serveMetrics } from "../base/endpoints.ts";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import { PROFILE_PORT, serveProfile } from "../base/profile.ts";
import { userAgent, version } from "../base/version.ts";
import { KubeClient } from "../kube/client.ts";
import { endpointsLock } from "../kube/endpoints-lock.ts";
import { EventRecorder } from "../kube/events.ts";
import { loadAccess } from "../kube/kubeconfig.ts";
import { LeaderLease } from "../kube/leader.ts";
import { lead } from "../kube/leadership.ts";
import { leaseLock } from "../kube/lease.ts";
import { type DryRunFormat, dryRun } from "../mic/dry-run.ts";
import { type Patience, patienceOf } from "../mic/dry-run-patience.ts";
import { micMetrics } from "../mic/metrics.ts";
import { type MicConfig, micOptions } from "../mic/options.ts";
import { serveProbes } from "../mic/probes.ts";
import { startProblems } from "../mic/problems.ts";
import { modeLine } from "../mic/settings.ts";
import { catchUp, type MicStores, micStores, notFilled } from "../mic/stores.ts";
import { upgradeTypes } from "../mic/type-upgrade.ts";
import { micEngine } from "./mic-engine.ts";
import { type Context, runProgram } from "./program.ts";

const COMPONENT = "aadpodidentity.k8s.io";
const FLUSH_MS = 2_000;
const WITHOUT_OLD_LOCK = "or start every instance with --legacy-lock=false once no 1.8 is left";

async function run(config: MicConfig, { signal, log }: Context): Promise<void> {
  log.info(`starting mic process. Version: ${version.version}. Build date: ${version.date}.`);
  Object.assign(process.env, withAzureProxyUrls(process.env));
  const proxyProblem = azureProxyProblem(process.env);
  if (proxyProblem !== undefined) log.warn(`${proxyProblem}; nothing is changed in Azure until then`);
  const agent = userAgent("MIC", config.customUserAgent);
  let onReload = () => {};
  const mayWait = config.dryRun === "off";
  const metrics = new Metrics(micMetrics);
  const source = new CloudSource({
    file: config.cloudConfigFile,
    env: process.env,
    log: log.named("azure"),
    mayWait,
    onChange: () => onReload(),
  });
  metrics.follow("aadpodidentity_mic_cloud_config_ok", () => (source.problem === undefined ? 1 : 0));
  await source.load();
  await using kube = await kubeSide(config, agent, log);
  const { client, announcer } = kube;

  const patience = patienceOf(realClock);
  const stores = micStores({ client, log: log.named("kube"), ...(mayWait ? {} : patience.hooks) });
  const leases = locks(config, { client: kube.leaseClient, announcer, log: log.named("leader") });
  const isLeading = () => leases.every((lease) => lease.isLeader);
  const tools = { config, source, client, stores, metrics, announcer, log, agent, env: process.env, isLeading };
  const engine = micEngine(tools);
  onReload = () => engine.accessChanged();

  if (config.dryRun !== "off") return await printPlan(config.dryRun, { engine, stores, patience }, signal);

  const unreachedLock = () => leases.map(({ problem }) => problem).find((problem) => problem !== undefined);
  const notReady = () =>
    notFilled(stores) ?? (source.access === undefined ? source.problem?.message : undefined) ?? unreachedLock();
  const health = { isActive: () => engine.isRunning, notReady, isStuck: () => engine.isStuck };
  await using probes = await serveProbes(health, config.probePort);
  log.info(`initialized health probe on port ${probes.port}`);
  await using metricsServer = await serveMetrics(metrics, config.prometheusPort);
  log.info(`registered and exported metrics on port ${metricsServer.port}`);
  await using _profile = config.enableProfile ? await serveProfile(PROFILE_PORT) : undefined;

  const following = [...Object.values(stores).map((store) => store.run(signal)), source.run(signal)];
  // Whoever cannot work does not lead either: another instance may have a good azure.json.
  await Promise.all([source.ready(signal), ...Object.values(stores).map((store) => store.ready(signal))]);
  const settings = engine.settings();
  log[settings.isNamespaced ? "info" : "warn"](modeLine(settings));
  const work = async (stop: AbortSignal) => {
    await catchUp(stores, stop);
    await Promise.all([engine.run(stop), upgrade(tools, stop)]);
  };
  if ((await lead(leases, work, signal)) === "lost") {
    log.error("lost leader lease");
    throw new Fault("LEASE_LOST", "lost leader lease: another instance takes over, and this one has to start again");
  }
  await Promise.all(following);
  await announcer.flush(AbortSignal.timeout(FLUSH_MS));
}

/** The API server, with budgets apart: neither a wave of records nor a burst of events may hold up the lease. */
async function kubeSide({ kubeconfig, clientQps: qps }: MicConfig, userAgent: string, log: Log) {
  const access = await loadAccess(kubeconfig, process.env);
  const shared = { userAgent, log: log.named("kube") };
  const stack = new AsyncDisposableStack();
  const client = stack.use(new KubeClient(access, { ...shared, qps, burst: Math.max(1, Math.round(qps * 2)) }));
  const leaseClient = stack.use(new KubeClient(access, shared));
  const eventClient = stack.use(new KubeClient(access, { ...shared, qps: 50, burst: 100 }));
  const events = { client: eventClient, component: COMPONENT, log: log.named("events") };
  const announcer = stack.use(new EventRecorder(events));
  return { client, leaseClient, announcer, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

type Tools = Parameters<typeof micEngine>[0];
type Engine = ReturnType<typeof micEngine>;

/** For people: it listens nowhere, so that it runs beside an instance in the same pod. */
async function printPlan(
  format: DryRunFormat,
  { engine, stores, patience }: { engine: Engine; stores: MicStores; patience: Patience },
  signal: AbortSignal,
): Promise<void> {
  const all = Object.values(stores);
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const following = all.map((store) => store.run(stop));
  try {
    await patience.until(Promise.all(all.map((store) => store.ready(stop))), stop);
    dryRun({ snapshot: engine.snapshot, format, write: (text) => void process.stdout.write(text) });
  } finally {
    over.abort();
    await Promise.all(following);
  }
}

/** Today's lock and the one of the releases before, so that one of each never lead side by side. */
function locks(
  config: MicConfig,
  { client, announcer, log }: Pick<Tools, "client" | "announcer" | "log">,
): readonly LeaderLease[] {
  const ref = { namespace: config.leaderNamespace, name: config.leaderName };
  const shared = { identity: config.leaderInstance || hostname(), durationMs: config.leaderDurationMs, log };
  const lease = new LeaderLease({
    ...shared,
    lock: leaseLock(client, ref),
    onChange: (_, note) => announcer.record(note),
  });
  if (!config.legacyLock) return [lease];
  return [lease, new LeaderLease({ ...shared, lock: endpointsLock(client, ref, WITHOUT_OLD_LOCK) })];
}

async function upgrade({ config, client, announcer, log, env }: Tools, signal: AbortSignal): Promise<void> {
  if (!config.enableTypeUpgrade) return;
  const namespace = env.MIC_POD_NAMESPACE ?? "";
  const { configMapName, typeUpgradeKey: key } = config;
  const place = { namespace, configMapName, key, version: version.version };
  await upgradeTypes({ ...place, client, announcer, log: log.named("type-upgrade"), clock: realClock }, signal);
}

void runProgram({
  name: "mic",
  summary: "puts the identities that are bound to pods on the machines that the pods run on",
  options: micOptions,
  problems: (env, config) => startProblems(config, env),
  run,
});

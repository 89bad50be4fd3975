import { realClock } from "../base/clock.ts";
import { Metrics } from "../base/metrics.ts";
import { userAgent, version } from "../base/version.ts";
import { isExcepted } from "../identity/exception.ts";
import { KubeClient } from "../kube/client.ts";
import { loadAccess } from "../kube/kubeconfig.ts";
import { Callers } from "../nmi/callers.ts";
import { nmiEvents } from "../nmi/events.ts";
import { evictUnused } from "../nmi/evict.ts";
import { IdentityLookup } from "../nmi/lookup.ts";
import { nmiMetrics, serveMetrics } from "../nmi/metrics.ts";
import { type NmiConfig, nmiOptions } from "../nmi/options.ts";
import { ownAddresses } from "../nmi/own-addresses.ts";
import type { NmiPorts } from "../nmi/ports.ts";
import { serveProbes } from "../nmi/probes.ts";
import { route } from "../nmi/routes.ts";
import { serve } from "../nmi/server.ts";
import { nmiStores } from "../nmi/stores.ts";
import { refuseUnsupported } from "../nmi/unsupported.ts";
import { TokenCache } from "../tokens/cache.ts";
import { Governor, imdsLimits } from "../tokens/governor.ts";
import { imdsBackend } from "../tokens/imds.ts";
import { ImdsClient } from "../tokens/imds-client.ts";
import { type Context, runProgram } from "./program.ts";

async function run(config: NmiConfig, { signal, log }: Context): Promise<void> {
  log.info(`starting nmi process. Version: ${version.version}. Build date: ${version.date}.`);
  refuseUnsupported(config);
  const clock = realClock;
  const metrics = new Metrics(nmiMetrics);
  const events = nmiEvents({ log, metrics });
  let isActive = false;

  await using probes = await serveProbes(() => isActive, config.probePort);
  log.info(`initialized health probe on port ${probes.port}`);
  await using metricsServer = await serveMetrics(metrics, config.prometheusPort);
  log.info(`registered and exported metrics on port ${metricsServer.port}`);

  const access = await loadAccess(config.kubeconfig, process.env);
  await using client = new KubeClient(access, { userAgent: userAgent("NMI", config.customUserAgent), log });
  if (config.enableScaleFeatures) log.info("features for scale clusters enabled");
  const stores = nmiStores({ client, node: config.node, isScaled: config.enableScaleFeatures, log });

  // Any way of saying it is enough: a switch that protects is not taken back by another.
  const namespacedOnly = config.forceNamespaced || process.env.FORCENAMESPACED === "true";
  const rules = { namespacedOnly };
  using identities = new IdentityLookup({ ...stores, rules, patience: config, clock });
  const governor = new Governor({ ...imdsLimits, clock });
  const imds = new ImdsClient({ host: config.metadataAddress, port: config.metadataPort });
  using tokens = new TokenCache({
    backends: {
      0: imdsBackend({
        client: imds,
        governor,
        userAgent: userAgent("NMI", config.customUserAgent),
        clock,
        onCall: events.imdsCalled,
      }),
    },
    clock,
    isOff: !config.tokenCache,
    onRefreshFailed: events.refreshFailed,
  });
  using _evicting = evictUnused({ ...stores, tokens });

  const following = Object.values(stores).map((store) => store.run(signal));
  await Promise.all(Object.values(stores).map((store) => store.ready(signal)));
  log.info(`running NMI in namespaced mode: ${namespacedOnly}`);
  log.info("initializing in standard mode");

  const ports: NmiPorts = {
    callers: new Callers({ pods: stores.pods, ownAddresses: ownAddresses(clock), clock, onMiss: events.callerMissed }),
    exceptions: { cover: (pod) => isExcepted(pod, stores.exceptions.by("namespace", pod.meta.namespace)) },
    identities,
    tokens,
    metadata: { send: (request, stop) => imds.send(request, stop), inTurn: (call, stop) => governor.run(call, stop) },
    events,
    settings: { ...config, ...rules },
    clock,
  };
  await using server = await serve({
    host: config.listenAddress,
    port: config.listenPort,
    answer: (request) => route(request, ports),
  });
  isActive = true;
  log.info(`listening on ${config.listenAddress}:${server.port}`);
  await Promise.all(following);
  isActive = false;
}

void runProgram({
  name: "nmi",
  summary: "gives the pods of a node Azure AD tokens of the identities that are bound to them",
  options: nmiOptions,
  run,
});

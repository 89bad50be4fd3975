import type { Kind } from "../api/kinds.ts";
import type { Pod } from "../api/pod.ts";
import { realClock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { isLoopback } from "../base/loopback.ts";
import { Metrics } from "../base/metrics.ts";
import { userAgent, version } from "../base/version.ts";
import { passOf } from "../identity/exception.ts";
import { removeRules } from "../intercept/cleanup.ts";
import { runCommand } from "../intercept/command.ts";
import { KubeClient } from "../kube/client.ts";
import { loadAccess } from "../kube/kubeconfig.ts";
import { Callers } from "../nmi/callers/callers.ts";
import { Holders } from "../nmi/callers/holders.ts";
import { linksIn, neighbours, readNeighbours } from "../nmi/callers/neighbours.ts";
import { ownAddresses } from "../nmi/callers/own-addresses.ts";
import { uidOfPeer } from "../nmi/callers/peer-uid.ts";
import { listingAnew, podLook } from "../nmi/callers/pod-look.ts";
import { type NmiEvents, nmiEvents } from "../nmi/events/events.ts";
import { evictChanged } from "../nmi/evict/changed.ts";
import { evictUnused } from "../nmi/evict/evict.ts";
import { evictUnbound } from "../nmi/evict/unbound.ts";
import { ConnectionLimit } from "../nmi/limits/connections.ts";
import { MissLimit } from "../nmi/limits/limits.ts";
import { dropRefusals, Refusals } from "../nmi/limits/refusals.ts";
import { RelayLimit } from "../nmi/limits/relays.ts";
import { WaiterLimit } from "../nmi/limits/waiters.ts";
import { IdentityLookup } from "../nmi/lookup.ts";
import { nmiMetrics } from "../nmi/metrics.ts";
import type { NmiPorts } from "../nmi/ports.ts";
import { Repeats } from "../nmi/routes/repeats.ts";
import { route } from "../nmi/routes/routes.ts";
import type { NmiRequest } from "../nmi/server/message.ts";
import { serve } from "../nmi/server/server.ts";
import { refuseKubenet } from "../nmi/start/kubenet.ts";
import { isManagedMode, isNamespacedOnly } from "../nmi/start/mode.ts";
import { type NmiConfig, nmiOptions, variableWarnings } from "../nmi/start/options.ts";
import { startProblems } from "../nmi/start/problems.ts";
import { readiness } from "../nmi/start/readiness.ts";
import { startedFile } from "../nmi/start/started-file.ts";
import { type NmiStores, nmiStores } from "../nmi/stores.ts";
import type { Backends } from "../tokens/backend.ts";
import { TokenCache } from "../tokens/cache.ts";
import { Governor, imdsLimits } from "../tokens/governor.ts";
import { imdsBackend } from "../tokens/imds.ts";
import { ImdsClient } from "../tokens/imds-client.ts";
import { sendInTurn } from "../tokens/imds-turns.ts";
import { interceptPods, rulesFirst } from "./nmi-interception.ts";
import { serveOperators } from "./nmi-operators.ts";
import { principalBackends } from "./nmi-principals.ts";
import { servePods } from "./nmi-serving.ts";
import { leaving } from "./nmi-uninstall.ts";
import { type Context, runProgram } from "./program.ts";

const clock = realClock;
/** Clients that ask often ask again within it; those that wait for this NMI to go, a restart's, do not wait much longer. */
const LAST_ANSWERS_MS = 1_000;

async function run(config: NmiConfig, { signal, log }: Context): Promise<void> {
  if (config.cleanup) return await removeRules(runCommand, log);
  await refuseKubenet(config);
  log.info(`starting nmi process. Version: ${version.version}. Build date: ${version.date}.`);
  for (const warning of variableWarnings(process.env)) log.warn(warning);
  const metrics = new Metrics(nmiMetrics);
  using events = nmiEvents({ log, metrics });
  const { state, isActive, trouble } = readiness(metrics);

  // Before anything that may fail or take long: a pod shall not reach what NMI is to stand before.
  const intercepting = interceptPods(config, events, { signal, log });
  intercepting.catch(() => {}); // heard once the API server is asked, since neither has to wait for the other
  await using _rules = rulesFirst(intercepting, clock, signal);
  const started = await startedFile(config.startedFile);
  await using operators = await serveOperators(config, { metrics, isActive, trouble, clock, signal, log });

  const access = await loadAccess(config.kubeconfig, process.env);
  await using client = new KubeClient(access, { userAgent: userAgent("NMI", config.customUserAgent), log });
  const onContact = (kind: Kind) => events.apiServerHeard(kind, clock.now());
  const { node, enableScaleFeatures: isScaled } = config;
  const stores = nmiStores({ client, node, isScaled, isManaged: isManagedMode(config), log, onContact });
  events.knowPods((address) => stores.pods.by("address", address).length > 0);
  const limits = podLimits(events);
  const { tokens, metadata } = azure(
    config,
    events,
    limits,
    await principalBackends(config, { client, events, log, clock, env: process.env }),
  );
  metrics.follow("aadpodidentity_nmi_token_cache_entries", () => tokens.size);
  using _tokens = tokens; // given up only after the server, which lets fetches under way end
  const rules = rulesOf(config, log);
  // Both listen from the first list on: what they note cannot be read from a store later.
  using identities = new IdentityLookup({ ...stores, ...limits, rules, patience: config, clock });
  const others = [stores.identities, stores.bindings, stores.exceptions];
  using _dropping = dropRefusals({ ...stores, ...limits, others });
  using _evicting = evicting(node, stores, tokens);
  using _changed = evictChanged({ ...stores, tokens });
  using holders = holdersOf(stores, client, { log, signal });
  const before = readNeighbours();
  const followed = Object.values(stores).filter((store) => store !== undefined);
  const following = followed.map((store) => store.run(signal));
  const interception = await intercepting;
  state.interception = interception;
  await using end = leaving(config, interception, client, { signal, log });
  await Promise.all(followed.map((store) => store.ready(signal)));
  holders.learn(linksIn(before), linksIn(readNeighbours()));

  const { metadataHeaderRequired, blockInstanceMetadata, setRetryAfterHeader, hostTokenUids } = config;
  const isOnNetwork = !isLoopback(config.listenAddress);
  const asked = { metadataHeaderRequired, blockInstanceMetadata, setRetryAfterHeader, hostTokenUids };
  const settings = { ...rules, ...asked, isOnNetwork };
  using repeats = new Repeats({ sources: Object.values(stores), isOff: !config.tokenCache, clock });
  const answering = { identities, tokens, repeats, metadata, relays: limits.relays };
  const ports = { ...whoAsks(config, stores, events, holders), ...answering, events, settings, clock };
  const address = { host: config.listenAddress, port: config.listenPort };
  const connections = new ConnectionLimit({ onRefused: events.connectionLimitReached });
  const answer = (request: NmiRequest) => route(request, ports);
  const serveAt = (port: number) => serve({ ...address, port, connections, answer, lastAnswersMs: LAST_ANSWERS_MS });
  await using serving = await servePods(serveAt, interception, address, { signal, events });
  const foreign = serving.isBeside ? undefined : await operators.taken();
  if (foreign !== undefined) throw foreign; // no NMI of 1.x is followed that will give its ports up
  state.isServing = true;
  const own = serving.hasOwnPort.then(async () => {
    const taken = await operators.taken();
    if (taken !== undefined) log.error(`${taken.message}; NMI serves pods without it`);
  });
  await Promise.all([...following, interception.done, own, started.tell({ isActive, trouble }, clock, signal)]);
  state.isServing = false;
  await end.leave(); // before the server stops: until the rules go, requests still come here
}

function rulesOf(config: NmiConfig, log: Log): { readonly namespacedOnly: boolean } {
  const namespacedOnly = isNamespacedOnly(config, process.env);
  if (config.enableScaleFeatures) log.info("features for scale clusters enabled");
  log.info(`running NMI in namespaced mode: ${namespacedOnly}`);
  log.info(`initializing in ${isManagedMode(config) ? "managed" : "standard"} mode`);
  return { namespacedOnly };
}

function evicting(node: string, stores: NmiStores, tokens: TokenCache): Disposable {
  const { assignments } = stores;
  return assignments === undefined
    ? evictUnbound({ ...stores, tokens })
    : evictUnused({ ...stores, node, assignments, tokens });
}

/** What no pod may take more of than is good for the others. */
function podLimits(events: NmiEvents) {
  return {
    beforeFetch: new MissLimit({ clock, onRefused: events.missLimitReached }).take,
    beforeWait: new WaiterLimit(events.waiterLimitReached).enter,
    refusals: new Refusals({ clock, onRepeated: events.refusalRepeated }),
    relays: new RelayLimit({ clock, onRefused: events.relayLimitReached }),
  };
}

/** The instance metadata service, and the tokens that come from it. */
function azure(
  config: NmiConfig,
  events: NmiEvents,
  limits: ReturnType<typeof podLimits>,
  principals: Backends,
): { readonly tokens: TokenCache } & Pick<NmiPorts, "metadata"> {
  const client = new ImdsClient({ host: config.metadataAddress, port: config.metadataPort });
  const governor = new Governor({ ...imdsLimits, clock });
  const agent = userAgent("NMI", config.customUserAgent);
  const imds = imdsBackend({ client, governor, userAgent: agent, clock, onCall: events.imdsCalled });
  return {
    tokens: new TokenCache({
      backends: { 0: imds, ...principals },
      clock,
      isOff: !config.tokenCache,
      onRefreshFailed: events.refreshFailed,
      onResult: events.cacheAsked,
      onEvicted: events.cacheEvicted,
      ...limits,
    }),
    metadata: {
      send: (request, signal) => client.send(request, signal),
      sendInTurn: (request, of, signal) => sendInTurn(request, of, { client, governor }, signal),
    },
  };
}

/** Whether addresses are still those pods' to which the watch gave them. */
function holdersOf(stores: NmiStores, client: KubeClient, { log, signal }: Context): Holders {
  return new Holders({
    pods: stores.pods,
    linkOf: neighbours(),
    look: podLook({ client, log, clock }),
    onBehind: listingAnew(Object.values(stores), { log, clock, signal }),
    clock,
  });
}

function whoAsks(
  config: NmiConfig,
  { pods, exceptions }: NmiStores,
  events: NmiEvents,
  holders: Holders,
): Pick<NmiPorts, "callers" | "peers" | "exceptions"> {
  const isHolder = (pod: Pod, address: string) => holders.has(pod, address);
  return {
    peers: { uidOf: uidOfPeer },
    callers: new Callers({ pods, ownAddresses: ownAddresses(clock), clock, onMiss: events.callerMissed, isHolder }),
    exceptions: {
      passOf: (pod) => passOf(pod, exceptions.by("namespace", pod.meta.namespace), config),
    },
  };
}

void runProgram({
  name: "nmi",
  summary: "gives the pods of a node Azure AD tokens of the identities that are bound to them",
  options: nmiOptions,
  problems: (env, config) => startProblems(config, env),
  run,
});

import type { AssignmentState } from "../../../src/api/assignment.ts";
import type { Identity } from "../../../src/api/identity.ts";
import type { Pod } from "../../../src/api/pod.ts";
import type { Clock } from "../../../src/base/clock.ts";
import { realClock } from "../../../src/base/clock.ts";
import { createLog } from "../../../src/base/log.ts";
import { Metrics } from "../../../src/base/metrics.ts";
import { passOf } from "../../../src/identity/exception.ts";
import { Callers, podIndexes } from "../../../src/nmi/callers/callers.ts";
import { nmiEvents } from "../../../src/nmi/events/events.ts";
import { MissLimit } from "../../../src/nmi/limits/limits.ts";
import { dropRefusals, Refusals } from "../../../src/nmi/limits/refusals.ts";
import { RelayLimit } from "../../../src/nmi/limits/relays.ts";
import { WaiterLimit } from "../../../src/nmi/limits/waiters.ts";
import { assignmentIndexes, bindingIndexes, IdentityLookup } from "../../../src/nmi/lookup.ts";
import { nmiMetrics } from "../../../src/nmi/metrics.ts";
import type { NmiPorts, NmiSettings } from "../../../src/nmi/ports.ts";
import { Repeats } from "../../../src/nmi/routes/repeats.ts";
import { route } from "../../../src/nmi/routes/routes.ts";
import type { NmiRequest } from "../../../src/nmi/server/message.ts";
import { TokenCache } from "../../../src/tokens/cache.ts";
import { Governor, imdsLimits } from "../../../src/tokens/governor.ts";
import { imdsBackend } from "../../../src/tokens/imds.ts";
import { ImdsClient } from "../../../src/tokens/imds-client.ts";
import { sendInTurn } from "../../../src/tokens/imds-turns.ts";
import type { FakeImds } from "../azure/fake-imds.ts";
import { LiveObjects } from "../kube/live-objects.ts";
import { assignment, binding } from "../make.ts";

export type NmiNodeOptions = {
  readonly imds: FakeImds;
  readonly clock?: Clock;
  readonly settings?: Partial<NmiSettings>;
  /** Without MIC: no assignment counts. */
  readonly isManaged?: boolean;
  /** As `--mic-service-account` says it. */
  readonly micServiceAccount?: string;
  readonly patience?: {
    readonly attemptsForCreated: number;
    readonly attemptsForAssigned: number;
    readonly intervalSeconds: number;
  };
};

/** All of NMI but its watch and its socket: objects are put in place by the test, tokens come from the given IMDS. */
export function nmiNode(options: NmiNodeOptions) {
  const { imds, clock = realClock, settings = {}, isManaged = false, micServiceAccount = "", patience } = options;
  const objects = {
    pods: new LiveObjects(podIndexes),
    assignments: new LiveObjects(assignmentIndexes),
    bindings: new LiveObjects(bindingIndexes),
    identities: new LiveObjects<Identity>(),
  };
  const exceptions: Parameters<typeof passOf>[1][number][] = [];
  const lines: string[] = [];
  const metrics = new Metrics(nmiMetrics);
  const events = nmiEvents({ log: createLog({ write: (line) => lines.push(line) }), metrics });
  events.knowPods((address) => objects.pods.by("address", address).length > 0);
  const rules = { namespacedOnly: settings.namespacedOnly ?? false };
  const governor = new Governor({ ...imdsLimits, clock });
  const client = new ImdsClient(imds.address);
  const backend = imdsBackend({ client, governor, userAgent: "test", clock, onCall: events.imdsCalled });
  const limits = {
    beforeFetch: new MissLimit({ clock, onRefused: events.missLimitReached }).take,
    beforeWait: new WaiterLimit(events.waiterLimitReached).enter,
    refusals: new Refusals({ clock, onRepeated: events.refusalRepeated }),
  };
  dropRefusals({ ...objects, ...limits, others: [objects.identities, objects.bindings] });
  const tokens = new TokenCache({ backends: { 0: backend }, clock, onResult: events.cacheAsked, ...limits });
  const identities = new IdentityLookup({
    ...objects,
    ...limits,
    assignments: isManaged ? undefined : objects.assignments,
    rules,
    patience: patience ?? { attemptsForCreated: 0, attemptsForAssigned: 0, intervalSeconds: 1 },
    clock,
  });
  const ports: NmiPorts = {
    callers: new Callers({ pods: objects.pods, ownAddresses: () => new Set(["10.0.0.1"]), clock }),
    // A connection's user is its port here, since both are the test's to choose.
    peers: { uidOf: async ({ ends }) => ends?.remotePort },
    exceptions: { passOf: (pod) => passOf(pod, exceptions, { exceptionNamespaces: [], micServiceAccount }) },
    identities,
    tokens,
    repeats: new Repeats({ sources: Object.values(objects), clock }),
    metadata: {
      send: (request, stop) => client.send(request, stop),
      sendInTurn: (request, of, stop) => sendInTurn(request, of, { client, governor }, stop),
    },
    relays: new RelayLimit({ clock, onRefused: events.relayLimitReached }),
    events,
    settings: {
      metadataHeaderRequired: true,
      blockInstanceMetadata: false,
      setRetryAfterHeader: false,
      hostTokenUids: [],
      isOnNetwork: false,
      ...settings,
      ...rules,
    },
    clock,
  };
  return {
    ...objects,
    exceptions,
    lines,
    metrics,
    tokens,
    ports,
    /** Puts a pod and its identity in place: bound, recorded in the given state, and on the machine. */
    bind(pod: Pod, identity: Identity, state: AssignmentState = "Assigned"): void {
      const by = binding(identity.meta.name, { namespace: identity.meta.namespace, spec: { selector: "demo" } });
      imds.put(identity.clientId, identity.resourceId);
      objects.pods.put(pod);
      objects.identities.put(identity);
      objects.bindings.put(by);
      objects.assignments.put(assignment({ pod, identity, binding: by }, state));
    },
  };
}

export type NmiNode = ReturnType<typeof nmiNode>;

type Over = Partial<NmiRequest> & {
  readonly from?: string;
  /** The user that asks from the node itself. */
  readonly uid?: number;
};

/** One request of the pod at 10.244.0.2, and its answer with the body as JSON. */
export async function ask(node: NmiNode, target: string, over: Over = {}) {
  const { from = "10.244.0.2", uid, ...rest } = over;
  const ends = uid === undefined ? {} : { ends: { remotePort: uid, localAddress: "127.0.0.1", localPort: 2579 } };
  const request = {
    method: "GET",
    target,
    headers: { metadata: "true" },
    body: new Uint8Array(),
    connection: { remoteAddress: from, ...ends },
    signal: new AbortController().signal,
    ...rest,
  };
  const { status, headers, body } = await route(request, node.ports);
  return { status, headers, body: JSON.parse(Buffer.from(body).toString()) as Record<string, string> };
}

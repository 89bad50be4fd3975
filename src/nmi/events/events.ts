import type { Identity } from "../../api/identity.ts";
import type { Kind } from "../../api/kinds.ts";
import { objectKey } from "../../api/meta.ts";
import type { Pod } from "../../api/pod.ts";
import type { Token } from "../../api/token-answer.ts";
import { type Clock, realClock } from "../../base/clock.ts";
import type { Fault } from "../../base/fault.ts";
import { type Fields, type Log, printable } from "../../base/log.ts";
import type { Pass } from "../../identity/exception.ts";
import type { CacheResult } from "../../tokens/cache.ts";
import type { EvictionReason } from "../../tokens/cache-entries.ts";
import { BoundedLabel, type NmiMetrics } from "../metrics.ts";
import type { MetadataPath } from "../routes/metadata-path.ts";
import type { NmiRequest } from "../server/message.ts";
import { FoldedLog } from "./folded.ts";
import type { Cause } from "./pace.ts";
import { TokensTold } from "./tokens-told.ts";
import {
  type Asking,
  askedFor,
  callerFields,
  causeOf,
  doneLine,
  type Granted,
  grantLines,
  type Learnt,
  why,
} from "./words.ts";

const MOST_RESOURCES = 50;
const OPERATIONS = "aadpodidentity_nmi_operations_duration_seconds";
const TOKEN_PATH = "/metadata/identity/oauth2/token";
const HOST_PATH = "/host/token";
const ENTRA_OPERATION = { operation_type: "adal_token" } as const;
const IMDS_OPERATION = { operation_type: "adal_token_msi_userassignedid" } as const;

/** What NMI itself does behind the answers, for whichever pod. */
const refreshes: Cause = { key: "refreshes", isKnown: true, fields: { of: "refreshed tokens" } };

/** A pod that NMI lets past, and why. */
export type Excepted = { readonly pod: Pod; readonly pass: Pass };

type Operation = Learnt & { readonly status: number; readonly isOfHost?: boolean };
export type TokenRequestDone = Operation & { readonly request: NmiRequest; readonly tookMs: number };

/** Everything of NMI that is worth counting or telling, a function each: the log line and the metric together. */
export type NmiEvents = ReturnType<typeof nmiEvents>;

type EventOptions = { readonly log: Log; readonly metrics: NmiMetrics; readonly clock?: Clock };

export function nmiEvents({ log, metrics, clock = realClock }: EventOptions) {
  const audit = new FoldedLog(log, clock);
  const told = new TokensTold();
  let isPod = (_address: string) => false;
  /** Who is held to a limit: a pod, or an address. */
  const limited = (who: Fields & { readonly uid?: string; readonly address?: string }): Cause => {
    const { uid, address = "" } = who;
    return { key: `limit ${uid ?? address}`, isKnown: uid !== undefined || isPod(address), fields: who };
  };
  const resources = new BoundedLabel(MOST_RESOURCES);
  const countHit = metrics.counting("aadpodidentity_nmi_token_cache_requests_count", { result: "hit" });
  const operationLabels = ({ status, pod, query, isOfHost = false }: Operation) => ({
    operation_type: isOfHost ? HOST_PATH : TOKEN_PATH,
    status_code: status,
    namespace: pod?.meta.namespace ?? "",
    resource: query === undefined ? "" : resources.of(printable(query.resource), status === 200),
  });
  const limitReached = (
    limit: "misses" | "waiters" | "relays" | "connections",
    what: string,
    who: Fields & { uid?: string; address?: string },
  ) => {
    audit.warn({ cause: limited(who), kind: "refused" }, `the limit of a pod is reached: ${what}`, who);
    metrics.count("aadpodidentity_nmi_limits_reached_count", { limit });
  };
  return {
    /** Has pods told from strangers by their addresses, once pods are watched: the lines of all strangers are limited. */
    knowPods(isAddressOfPod: (address: string) => boolean): void {
      isPod = isAddressOfPod;
    },

    /**
     * The audit lines of a granted token, in the words that the troubleshooting guide looks for. A token that the pod has
     * not had before is always told of: how many are fetched is limited already.
     */
    tokenGranted(request: NmiRequest, identity: Identity, learnt: Granted, token: Token): void {
      const isAlwaysTold = told.isFirst(token, learnt.pod, identity);
      const source = { cause: causeOf(request, learnt), kind: "granted", isAlwaysTold } as const;
      for (const { key, make } of grantLines(request, identity, learnt)) audit.lazily(source, key, make);
    },

    /**
     * All that is told of a token granted from the cache, for a request that comes time and again: made ready once, when it
     * comes again for the first time, since to find out what to tell would cost more than to answer.
     */
    repeatedGrant(
      { method, target, connection }: Asking,
      identity: Identity,
      learnt: Granted,
    ): (tookMs: number) => void {
      const request = { method, target, connection }; // and not the rest, which would be held on to
      const prepare = () => ({
        granted: { cause: causeOf(request, learnt), kind: "granted" } as const,
        asked: { cause: causeOf(request, learnt), kind: "asked" } as const,
        lines: grantLines(request, identity, learnt),
        done: doneLine(request, 200),
        series: metrics.series(OPERATIONS, operationLabels({ ...learnt, status: 200 })),
      });
      let ready: ReturnType<typeof prepare> | undefined;
      return (tookMs) => {
        ready ??= prepare();
        const { granted, asked, lines, done, series } = ready;
        countHit();
        for (const { key, make } of lines) audit.lazily(granted, key, make);
        audit.apart(asked, () => done(tookMs));
        series.observe(tookMs / 1000);
      };
    },

    /** The audit line of a refused token. */
    tokenRefused(request: NmiRequest, fault: Fault, learnt: Learnt): void {
      const caller = callerFields(request, learnt);
      const source = { cause: causeOf(request, learnt), kind: "refused" } as const;
      const fields = { decision: "refused", ...askedFor(learnt.query), ...fault.facts, ...caller, ...why(fault) };
      if (fault.kind === "bug" || fault.kind === "local") audit.error(source, "token refused", fields);
      else audit.warn(source, "token refused", fields);
    },

    /** The original's line for every token request, which people search logs for, and its histogram. */
    tokenRequestDone({ request, status, tookMs, ...learnt }: TokenRequestDone): void {
      audit.apart({ cause: causeOf(request, learnt), kind: "asked" }, () => doneLine(request, status)(tookMs));
      metrics.observe(OPERATIONS, tookMs / 1000, operationLabels({ ...learnt, status }));
    },

    /** A request that is not for a token was refused. */
    relayRefused(request: NmiRequest, fault: Fault): void {
      const path = request.target.split("?")[0] ?? "";
      const fields = { ...callerFields(request), method: request.method, path, ...why(fault) };
      const cause = { ...causeOf(request), isKnown: isPod(request.connection.remoteAddress) };
      audit.warn({ cause, kind: "refused" }, "request refused", fields);
    },

    /** A request goes on untouched: the audit line, since the pod gets any identity of the machine that it names. */
    exceptionUsed(request: NmiRequest, { pod, pass }: Excepted, { area, query }: MetadataPath): void {
      const [resource, clientId] = [query.get("resource") ?? undefined, query.get("client_id") ?? undefined];
      const fields = { ...callerFields(request, { pod }), ...askedFor({ resource, clientId }) };
      const cause = causeOf(request, { pod });
      // Calls for something else leave their room to those for tokens, of which IMDS gets fewer than there may be lines.
      const source = { cause: { ...cause, key: `excepted ${area} ${cause.key}` }, kind: "granted" } as const;
      audit.info(source, `exception pod ${objectKey(pod.meta)} token handling`, {
        decision: "excepted",
        by: pass,
        area,
        ...fields,
      });
      metrics.count("aadpodidentity_nmi_exceptions_used_count", { namespace: pod.meta.namespace });
    },

    /** Another program has NMI's own port: pods are served at another one. */
    portTaken(port: number, meanwhile: number): void {
      const why = "as an NMI of 1.x until it stops: serving pods at another until it is free";
      log.warn(`another program has NMI's port, ${why}`, { port, meanwhile });
      metrics.set("aadpodidentity_nmi_port_taken", 1);
    },

    /** NMI has its own port. */
    listening(host: string, port: number): void {
      log.info(`listening on ${host}:${port}`);
      metrics.set("aadpodidentity_nmi_port_taken", 0);
    },

    /** A caller's address was not known at once. */
    callerMissed(): void {
      metrics.count("aadpodidentity_kubernetes_api_operations_errors_count", { operation_type: "get_pod_list" });
    },

    /** Rules that others changed were put right; what was wrong is in the log already. */
    rulesRepaired(table: "nat" | "filter"): void {
      metrics.count("aadpodidentity_nmi_iptables_repairs_count", { table });
    },

    /** The API server was heard of objects of a kind. */
    apiServerHeard({ plural }: Kind, atMs: number): void {
      metrics.set("aadpodidentity_nmi_watch_contact_timestamp_seconds", atMs / 1000, { resource: plural });
    },

    /** One token call to IMDS ended. */
    imdsCalled(seconds: number, fault: Fault | undefined): void {
      if (fault === undefined)
        metrics.observe("aadpodidentity_imds_operations_duration_seconds", seconds, IMDS_OPERATION);
      else metrics.count("aadpodidentity_imds_operations_errors_count", IMDS_OPERATION);
    },

    /** One token call to Entra ID ended; the original counted it here, too. */
    entraCalled(seconds: number, fault: Fault | undefined): void {
      if (fault === undefined)
        metrics.observe("aadpodidentity_imds_operations_duration_seconds", seconds, ENTRA_OPERATION);
      else metrics.count("aadpodidentity_imds_operations_errors_count", ENTRA_OPERATION);
    },

    /** The Secret of an identity could not be read. */
    secretMissed(): void {
      metrics.count("aadpodidentity_kubernetes_api_operations_errors_count", { operation_type: "get_secret" });
    },

    /** A token could not be refreshed early; the one at hand is served on. */
    refreshFailed(fault: Fault): void {
      const source = { cause: refreshes, kind: "refused" } as const;
      audit.warn(source, "token not refreshed early, serving the one at hand", why(fault));
    },

    /** A token was asked of the cache. */
    cacheAsked(result: CacheResult): void {
      metrics.count("aadpodidentity_nmi_token_cache_requests_count", { result });
    },

    /** The cache forgot a token. */
    cacheEvicted(reason: EvictionReason): void {
      metrics.count("aadpodidentity_nmi_token_cache_evictions_count", { reason });
    },

    /** A pod had tokens fetched as often as it may. */
    missLimitReached: (podUid: string): void => limitReached("misses", "tokens fetched", { uid: podUid }),

    /** As many requests of a pod wait as may. */
    waiterLimitReached: (podUid: string): void => limitReached("waiters", "requests that wait", { uid: podUid }),

    /** A pod had as many requests passed on as may be. */
    relayLimitReached: (address: string): void => limitReached("relays", "requests passed on", { address }),

    /** A pod has as many connections as it may. */
    connectionLimitReached: (address: string): void => limitReached("connections", "connections", { address }),

    /** A pod asked again for what it was refused a moment ago. */
    refusalRepeated(podUid: string): void {
      const fields = { uid: podUid };
      const source = { cause: limited(fields), kind: "refused" } as const;
      audit.info(source, "the pod asks again for what it was refused a moment ago", fields);
      metrics.count("aadpodidentity_nmi_limits_reached_count", { limit: "refusals" });
    },

    /** Tells what the audit has not told yet. */
    [Symbol.dispose](): void {
      audit[Symbol.dispose]();
    },
  };
}

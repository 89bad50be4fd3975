import type { Identity } from "../api/identity.ts";
import { objectKey } from "../api/meta.ts";
import type { Pod } from "../api/pod.ts";
import type { TokenQuery } from "../api/token-query.ts";
import type { Fault } from "../base/fault.ts";
import { type Log, printable } from "../base/log.ts";
import { redactClientId } from "../base/secret.ts";
import type { NmiRequest } from "./message.ts";
import { BoundedLabel, type NmiMetrics } from "./metrics.ts";

const MOST_RESOURCES = 50;
const TOKEN_PATH = "/metadata/identity/oauth2/token";
const IMDS_OPERATION = { operation_type: "adal_token_msi_userassignedid" } as const;

export type TokenRequestDone = {
  readonly request: NmiRequest;
  readonly status: number;
  readonly tookMs: number;
  readonly pod?: Pod;
  readonly resource?: string;
};

/** Everything of NMI that is worth counting or telling, a function each: the log line and the metric together. */
export type NmiEvents = ReturnType<typeof nmiEvents>;

export function nmiEvents({ log, metrics }: { readonly log: Log; readonly metrics: NmiMetrics }) {
  const resources = new BoundedLabel(MOST_RESOURCES);
  return {
    /** The audit line of a granted token, in the words that the troubleshooting guide looks for. */
    tokenGranted(request: NmiRequest, pod: Pod, identity: Identity, query: TokenQuery): void {
      const [podName, name] = [objectKey(pod.meta), objectKey(identity.meta)];
      log.info(`${namedBy(query)}${podName} has been matched with azure identity ${name}`);
      const clientId = redactClientId(identity.clientId);
      log.info(`matched identityType:${identity.type} clientid:${clientId} resource:${printable(query.resource)}`, {
        decision: "granted",
        pod: podName,
        uid: pod.meta.uid,
        identity: name,
        remote: request.connection.remoteAddress,
      });
    },

    /** The audit line of a refused token. */
    tokenRefused(request: NmiRequest, fault: Fault, { pod, resource }: { pod?: Pod; resource?: string }): void {
      const fields = { decision: "refused", resource, ...fault.facts, ...callerFields(request, pod), ...why(fault) };
      if (fault.kind === "bug" || fault.kind === "local") log.error("token refused", fields);
      else log.warn("token refused", fields);
    },

    /** The original's line for every token request, which people search logs for, and its histogram. */
    tokenRequestDone({ request, status, tookMs, pod, resource }: TokenRequestDone): void {
      const { method, target, connection } = request;
      const path = printable(target.split("?")[0] ?? "");
      const took = Math.round(tookMs * 1e6);
      log.info(
        `status (${status}) took ${took} ns for req.method=${method} reg.path=${path} req.remote=${connection.remoteAddress}`,
      );
      metrics.observe("aadpodidentity_nmi_operations_duration_seconds", tookMs / 1000, {
        operation_type: TOKEN_PATH,
        status_code: status,
        namespace: pod?.meta.namespace ?? "",
        resource: resource === undefined ? "" : resources.of(printable(resource)),
      });
    },

    /** A request that is not for a token was refused. */
    relayRefused(request: NmiRequest, fault: Fault): void {
      const path = request.target.split("?")[0] ?? "";
      log.warn("request refused", { ...callerFields(request), method: request.method, path, ...why(fault) });
    },

    /** A request goes on untouched because of an exception: the audit line, since the pod gets any identity it names. */
    exceptionUsed(pod: Pod, area: string): void {
      log.info(`exception pod ${objectKey(pod.meta)} token handling`, { decision: "excepted", area });
      metrics.count("aadpodidentity_nmi_exceptions_used_count", { namespace: pod.meta.namespace });
    },

    /** A caller's address was not known at once. */
    callerMissed(): void {
      metrics.count("aadpodidentity_kubernetes_api_operations_errors_count", { operation_type: "get_pod_list" });
    },

    /** One token call to IMDS ended. */
    imdsCalled(seconds: number, fault: Fault | undefined): void {
      if (fault === undefined)
        metrics.observe("aadpodidentity_imds_operations_duration_seconds", seconds, IMDS_OPERATION);
      else metrics.count("aadpodidentity_imds_operations_errors_count", IMDS_OPERATION);
    },

    /** A token could not be refreshed early; the one at hand is served on. */
    refreshFailed(fault: Fault): void {
      log.warn("token not refreshed early, serving the one at hand", why(fault));
    },
  };
}

function namedBy({ clientId, resourceId }: TokenQuery): string {
  if (clientId !== undefined) return `clientID in request: ${redactClientId(clientId)}, `;
  return resourceId === undefined ? "no clientID or resourceID in request. " : "resourceID in request, ";
}

function callerFields({ connection }: NmiRequest, pod?: Pod) {
  return { pod: pod === undefined ? undefined : objectKey(pod.meta), remote: connection.remoteAddress };
}

function why(fault: Fault) {
  return { code: fault.code, reason: fault.message };
}

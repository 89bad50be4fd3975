import type { MetricFamily, Metrics } from "../base/metrics.ts";

const NMI_BUCKETS = [0.5, 1, 2, 3, 4, 5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90, 100];
const IMDS_BUCKETS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 2, 3, 4, 5, 10];

/** Every metric of NMI. The first four are the original's, and dashboards rely on their names and labels. */
export const nmiMetrics = {
  aadpodidentity_nmi_operations_duration_seconds: {
    type: "histogram",
    help: "Seconds that token requests took to answer.",
    labels: ["operation_type", "status_code", "namespace", "resource"],
    buckets: NMI_BUCKETS,
  },
  aadpodidentity_imds_operations_duration_seconds: {
    type: "histogram",
    help: "Seconds that successful token calls to the instance metadata service, or to Entra ID (adal_token), took.",
    labels: ["operation_type"],
    buckets: IMDS_BUCKETS,
  },
  aadpodidentity_imds_operations_errors_count: {
    type: "counter",
    help: "Token calls to the instance metadata service, or to Entra ID (adal_token), that failed.",
    labels: ["operation_type"],
  },
  aadpodidentity_kubernetes_api_operations_errors_count: {
    type: "counter",
    help: "Requests whose pod was not known at once (get_pod_list), and Secrets that could not be read (get_secret).",
    labels: ["operation_type"],
  },
  aadpodidentity_nmi_exceptions_used_count: {
    type: "counter",
    help: "Requests passed on untouched because of an AzurePodIdentityException.",
    labels: ["namespace"],
  },
  aadpodidentity_nmi_iptables_repairs_count: {
    type: "counter",
    help: "Times that rules in the iptables table were not as NMI had laid them and were put right.",
    labels: ["table"],
    from: { table: ["nat", "filter"] },
  },
  aadpodidentity_nmi_limits_reached_count: {
    type: "counter",
    help: "Times that a pod was held to its limits: tokens fetched (misses), requests that wait (waiters), requests passed on (relays), connections, or what it was refused a moment ago (refusals).",
    labels: ["limit"],
    from: { limit: ["misses", "waiters", "relays", "connections", "refusals"] },
  },
  aadpodidentity_nmi_token_cache_requests_count: {
    type: "counter",
    help: "Tokens asked of the cache: held (hit), fetched for the request (miss) or for others meanwhile (shared), served past their time since the fetch failed in passing (stale), or neither held nor fetched for a limit or a refusal of a moment ago (refused).",
    labels: ["result"],
    from: { result: ["hit", "miss", "shared", "stale", "refused"] },
  },
  aadpodidentity_nmi_token_cache_evictions_count: {
    type: "counter",
    help: "Tokens that were forgotten: for want of room (full), with their identity (gone), or since what they rest on changed (changed).",
    labels: ["reason"],
    from: { reason: ["full", "gone", "changed"] },
  },
  aadpodidentity_nmi_serving: {
    type: "gauge",
    help: "1 while this NMI serves pods, 0 while it starts, waits or cannot, as its readiness says.",
    labels: [],
  },
  aadpodidentity_nmi_port_taken: {
    type: "gauge",
    help: "1 while another program has NMI's own port, so that this NMI serves pods at another one.",
    labels: [],
  },
  aadpodidentity_nmi_token_cache_entries: { type: "gauge", help: "Tokens that the cache holds.", labels: [] },
  aadpodidentity_nmi_watch_contact_timestamp_seconds: {
    type: "gauge",
    help: "When the API server was last heard of objects of the resource, in seconds since 1970; about once a minute.",
    labels: ["resource"],
  },
} as const satisfies Record<string, MetricFamily>;

export type NmiMetrics = Metrics<keyof typeof nmiMetrics>;

/** A bounded label: the first values that deserve it as they are, all else as `other`. Clients choose the values. */
export class BoundedLabel {
  readonly #most: number;
  readonly #seen = new Set<string>();

  constructor(most: number) {
    this.#most = most;
  }

  of(value: string, isDeserving: boolean): string {
    if (this.#seen.has(value)) return value;
    if (!isDeserving || this.#seen.size >= this.#most) return "other";
    this.#seen.add(value);
    return value;
  }
}

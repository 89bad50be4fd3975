import type { MetricFamily, Metrics } from "../base/metrics.ts";

const RECORD_BUCKETS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 2, 3, 4, 5, 10];
const LONG_BUCKETS = [0.5, 1, 5, 10, 30, 60, 120, 300, 600, 900, 1200];

/** Every metric of MIC. Names, labels and buckets are the original's, and dashboards rely on them. */
export const micMetrics = {
  aadpodidentity_assigned_identity_addition_duration_seconds: {
    type: "histogram",
    help: "Seconds that each AzureAssignedIdentity took to be created.",
    labels: [],
    buckets: RECORD_BUCKETS,
  },
  aadpodidentity_assigned_identity_addition_count: {
    type: "counter",
    help: "AzureAssignedIdentities that were created.",
    labels: [],
  },
  aadpodidentity_assigned_identity_update_duration_seconds: {
    type: "histogram",
    help: "Seconds that each AzureAssignedIdentity took to be rewritten.",
    labels: [],
    buckets: RECORD_BUCKETS,
  },
  aadpodidentity_assigned_identity_update_count: {
    type: "counter",
    help: "AzureAssignedIdentities that were rewritten.",
    labels: [],
  },
  aadpodidentity_assigned_identity_deletion_duration_seconds: {
    type: "histogram",
    help: "Seconds that each AzureAssignedIdentity took to be deleted.",
    labels: [],
    buckets: RECORD_BUCKETS,
  },
  aadpodidentity_assigned_identity_deletion_count: {
    type: "counter",
    help: "AzureAssignedIdentities that were deleted.",
    labels: [],
  },
  aadpodidentity_mic_cycle_duration_seconds: {
    type: "histogram",
    help: "Seconds that each look at the whole cluster took, until work on the machines began.",
    labels: [],
    buckets: LONG_BUCKETS,
  },
  aadpodidentity_mic_cycle_count: { type: "counter", help: "Looks at the whole cluster.", labels: [] },
  aadpodidentity_mic_new_leader_election_count: {
    type: "counter",
    help: "Times that this instance became the leader.",
    labels: [],
  },
  aadpodidentity_cloud_provider_operations_errors_count: {
    type: "counter",
    help: "Calls to Azure that failed.",
    labels: ["operation_type"],
  },
  aadpodidentity_cloud_provider_operations_duration_seconds: {
    type: "histogram",
    help: "Seconds that successful calls to Azure took, long-running operations to their end.",
    labels: ["operation_type"],
    buckets: LONG_BUCKETS,
  },
  aadpodidentity_kubernetes_api_operations_errors_count: {
    type: "counter",
    help: "Writes of AzureAssignedIdentities that failed.",
    labels: ["operation_type"],
  },
} as const satisfies Record<string, MetricFamily>;

export type MicMetrics = Metrics<keyof typeof micMetrics>;

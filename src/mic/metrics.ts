import type { MetricFamily, Metrics } from "../base/metrics.ts";

const RECORD_BUCKETS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 2, 3, 4, 5, 10];
const LONG_BUCKETS = [0.5, 1, 5, 10, 30, 60, 120, 300, 600, 900, 1200];
const PLAN_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5];

const AZURE_OPERATIONS = ["vm_get", "vm_update", "vmss_get", "vmss_update"];
const RECORD_OPERATIONS = [
  "assigned_identity_addition",
  "assigned_identity_deletion",
  "assigned_identity_update",
  "update_azure_assigned_identity_status",
];
const DRIFT_KINDS = ["missing", "stale"];

/** Every metric of MIC. Names, labels and buckets of the first dozen are the original's, and dashboards rely on them. */
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
    help: "Seconds from a look at the whole cluster that began work until no work was under way.",
    labels: [],
    buckets: LONG_BUCKETS,
  },
  aadpodidentity_mic_cycle_count: {
    type: "counter",
    help: "Such cycles, of one look or several; looks without work count in the time to plan alone.",
    labels: [],
  },
  aadpodidentity_mic_new_leader_election_count: {
    type: "counter",
    help: "Times that this instance became the leader.",
    labels: [],
  },
  aadpodidentity_cloud_provider_operations_errors_count: {
    type: "counter",
    help: "Calls to Azure that failed.",
    labels: ["operation_type"],
    from: { operation_type: AZURE_OPERATIONS },
  },
  aadpodidentity_cloud_provider_operations_duration_seconds: {
    type: "histogram",
    help: "Seconds that successful calls to Azure took, long-running operations to their end.",
    labels: ["operation_type"],
    from: { operation_type: AZURE_OPERATIONS },
    buckets: LONG_BUCKETS,
  },
  aadpodidentity_kubernetes_api_operations_errors_count: {
    type: "counter",
    help: "Writes of AzureAssignedIdentities that failed.",
    labels: ["operation_type"],
    from: { operation_type: RECORD_OPERATIONS },
  },
  aadpodidentity_assigned_identities: {
    type: "gauge",
    help: "AzureAssignedIdentities by what they say of themselves, as the leader knows them.",
    labels: ["state"],
    from: { state: ["Created", "Assigned", "Unassigned", "Unknown"] },
  },
  aadpodidentity_mic_leader: {
    type: "gauge",
    help: "1 while this instance leads, otherwise 0.",
    labels: [],
  },
  aadpodidentity_mic_leading_since_timestamp_seconds: {
    type: "gauge",
    help: "Since when this instance leads, in seconds since 1970; 0 while it does not.",
    labels: [],
  },
  aadpodidentity_mic_cloud_config_ok: {
    type: "gauge",
    help: "1 while azure.json can be used as it is, 0 while MIC goes on with the last good one or has none.",
    labels: [],
  },
  aadpodidentity_mic_queue_length: {
    type: "gauge",
    help: "Machines with planned changes on which no work is under way.",
    labels: [],
  },
  aadpodidentity_mic_plan_duration_seconds: {
    type: "histogram",
    help: "Seconds from reading the whole state to the plan.",
    labels: [],
    buckets: PLAN_BUCKETS,
  },
  aadpodidentity_cloud_provider_budget_wait_seconds: {
    type: "histogram",
    help: "Seconds that calls to Azure, or changes of a machine, wait for room in Azure's limits.",
    labels: [],
    buckets: LONG_BUCKETS,
  },
  aadpodidentity_cloud_provider_breaker_state: {
    type: "gauge",
    help: "Whether calls to Azure are held back: 0 no, 1 one is tried, 2 yes; the worst of all subscriptions.",
    labels: [],
  },
  aadpodidentity_mic_quarantined_identities: {
    type: "gauge",
    help: "Identities that Azure refuses and that wait to be tried again.",
    labels: [],
  },
  aadpodidentity_mic_drift_found_count: {
    type: "counter",
    help: "Identities that were missing on a machine, or stale there after they were created anew in Azure.",
    labels: ["kind"],
    from: { kind: DRIFT_KINDS },
  },
  aadpodidentity_mic_drift_repaired_count: {
    type: "counter",
    help: "Those of them that are as they should be again.",
    labels: ["kind"],
    from: { kind: DRIFT_KINDS },
  },
  aadpodidentity_mic_drift_round_duration_seconds: {
    type: "histogram",
    help: "Seconds that each check of all machines with wanted identities took.",
    labels: [],
    buckets: LONG_BUCKETS,
  },
  aadpodidentity_mic_drift_round_machines: {
    type: "gauge",
    help: "Machines that were read in the last of these checks.",
    labels: [],
  },
} as const satisfies Record<string, MetricFamily>;

export type MicMetrics = Metrics<keyof typeof micMetrics>;

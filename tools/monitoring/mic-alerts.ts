import { type Alert, ofLeader } from "./alert.ts";

const cycles = "sum by (le) (rate(aadpodidentity_mic_cycle_duration_seconds_bucket[30m]))";
const azureErrors = "sum by (operation_type) (increase(aadpodidentity_cloud_provider_operations_errors_count[15m]))";
const azureDone =
  "sum by (operation_type) (increase(aadpodidentity_cloud_provider_operations_duration_seconds_count[15m]))";
const recordErrors =
  'aadpodidentity_kubernetes_api_operations_errors_count{operation_type=~"assigned_identity_.+|update_azure_assigned_identity_status"}';

/** What can be wrong with the controller; nothing of it in managed mode. */
export const micAlerts: readonly Alert[] = [
  {
    alert: "MicHasNoLeader",
    severity: "critical",
    expr: "(sum(aadpodidentity_mic_leader) or vector(0)) < 1",
    for: "5m",
    summary: "No MIC leads: new pods get no identities",
    help: "No MIC runs, none can lead, or Prometheus reaches none. Pods that have their identity keep it. [MIC does nothing](../troubleshooting.md#mic-does-nothing) tells where to look.",
  },
  {
    alert: "MicHasSeveralLeaders",
    severity: "critical",
    expr: "sum(aadpodidentity_mic_leader) > 1",
    for: "5m",
    summary: "{{ $value }} MICs lead at once, and may undo each other's work",
    help: "One release a cluster: look for a second one in another namespace, with a lock of its own (`mic.leaderElection.namespace`, `mic.leaderElection.name`), and uninstall it.",
  },
  {
    alert: "MicLeaderChangesOften",
    severity: "warning",
    // By when the latest leader began to lead: a counter begins anew with each process, and hides one that was killed.
    expr: "changes((max(aadpodidentity_mic_leading_since_timestamp_seconds) > 0)[1h:1m]) > 4",
    for: "5m",
    summary: "MIC's leader changes again and again",
    help: "Leaders lose their lock (`lost leader lease` in the log of the one before, `kubectl logs --previous`) or are killed. Mostly the API server is slow, or MIC's pods are killed for want of memory: `kubectl describe` them.",
  },
  {
    alert: "MicCloudConfigWrong",
    severity: "warning",
    expr: "aadpodidentity_mic_cloud_config_ok == 0",
    for: "10m",
    summary: "MIC at {{ $labels.instance }} cannot use azure.json",
    help: "It goes on with the last good one, or waits where it has none. Its log says what is wrong, after `the cloud configuration in`; [keys](azure-json.md).",
  },
  {
    alert: "MicAssignmentsStuck",
    severity: "warning",
    expr: `max(${ofLeader('aadpodidentity_assigned_identities{state="Created"}')}) > 0`,
    for: "15m",
    summary: "{{ $value }} identities have been on their way to machines for 15 minutes",
    help: "Pods wait for tokens meanwhile. [Their events](../troubleshooting.md#events) say why. Where pods come all the time, some are always on their way: raise the limit.",
  },
  {
    alert: "MicQueueStands",
    severity: "warning",
    expr: "max(aadpodidentity_mic_queue_length) > 0",
    for: "30m",
    summary: "{{ $value }} machines wait for MIC, and have for half an hour",
    help: "Azure's limits, changes by others, or machines that fail again and again: the leader's log names them. [Changed too often](../troubleshooting.md#a-machine-is-changed-too-often-or-azure-throttles-the-cluster).",
  },
  {
    alert: "MicWorksSlowly",
    severity: "warning",
    expr: `histogram_quantile(0.9, ${cycles}) > 300`,
    for: "15m",
    summary: "One in ten rounds of MIC takes {{ $value | humanizeDuration }} or longer",
    help: "Azure takes long (`aadpodidentity_cloud_provider_operations_duration_seconds`) or has no room (`aadpodidentity_cloud_provider_budget_wait_seconds`). A scale set that is being upgraded holds MIC up for minutes.",
  },
  {
    alert: "MicIdentityRefused",
    severity: "warning",
    expr: `max(${ofLeader("aadpodidentity_mic_quarantined_identities")}) > 0`,
    for: "15m",
    summary: "Azure refuses {{ $value }} identities, mostly for want of a role",
    help: "[Events](../troubleshooting.md#events) of their pods hold the command that grants the [role](../role-assignments.md). MIC tries again by itself.",
  },
  {
    alert: "MicHoldsCallsBack",
    severity: "critical",
    expr: `max(${ofLeader("max_over_time(aadpodidentity_cloud_provider_breaker_state[5m])")}) == 2`,
    for: "10m",
    summary: "Azure throttles MIC or does not answer: new pods get no identities",
    help: "MIC tries again by itself. The leader's log says which of the two, and of which subscription. [Who else asks Azure so much](../troubleshooting.md#a-machine-is-changed-too-often-or-azure-throttles-the-cluster)?",
  },
  {
    alert: "MicAzureCallsFail",
    severity: "warning",
    expr: `${azureErrors} > 5 and ${azureErrors} > ${azureDone}`,
    for: "10m",
    summary: "Most calls of MIC to Azure fail ({{ $labels.operation_type }})",
    help: "The leader's log says why: [what an operator sees](../troubleshooting.md#what-an-operator-sees).",
  },
  {
    alert: "MicCannotWriteRecords",
    severity: "warning",
    expr: `sum by (operation_type) (increase(${recordErrors}[15m])) > 5`,
    for: "10m",
    summary: "MIC cannot write AzureAssignedIdentities ({{ $labels.operation_type }})",
    help: "The API server refuses or does not answer. Where it refuses, a role or the admission policy of records is not the chart's: [what an operator sees](../troubleshooting.md#what-an-operator-sees).",
  },
  {
    alert: "MicFindsDrift",
    severity: "warning",
    expr: "sum by (kind) (increase(aadpodidentity_mic_drift_found_count[1h])) > 3",
    for: "5m",
    summary: "Somebody changes identities of machines behind MIC ({{ $labels.kind }})",
    help: "MIC puts them back. `missing`: a template or a pipeline writes machines without the identities that MIC gave them; events `IdentityDrifted` name both. `stale`: identities are deleted and created anew.",
  },
];

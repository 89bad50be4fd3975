import type { Alert } from "./alert.ts";

const answered = (matchers = "") => `rate(aadpodidentity_nmi_operations_duration_seconds_count${matchers}[10m])`;
const share = (by: string, of: string, all = "") =>
  `sum by (${by}) (${answered(of)}) / sum by (${by}) (${answered(all)})`;
const failures = '{status_code=~"5.."}';
const refusals = '{status_code=~"4..",status_code!="429",namespace!=""}';
const fetchErrors = "sum by (instance, operation_type) (rate(aadpodidentity_imds_operations_errors_count[10m]))";
const fetchDone =
  "sum by (instance, operation_type) (rate(aadpodidentity_imds_operations_duration_seconds_count[10m]))";
const cache = (result: string) =>
  `sum by (instance) (rate(aadpodidentity_nmi_token_cache_requests_count{result="${result}"}[30m]))`;

/** What can be wrong with the agents of the nodes. */
export const nmiAlerts: readonly Alert[] = [
  {
    alert: "NmiIsNowhere",
    severity: "critical",
    expr: "absent(aadpodidentity_nmi_serving)",
    for: "10m",
    summary: "Prometheus reaches no NMI: pods may get no tokens at all",
    help: "Either NMI runs nowhere, or it is not scraped: `kubectl get daemonset`, then the targets of Prometheus.",
  },
  {
    alert: "NmiDoesNotAnswer",
    severity: "critical",
    expr: 'up{job=~".+-nmi"} == 0',
    for: "10m",
    summary: "NMI at {{ $labels.instance }} does not answer Prometheus: pods of its node may get no tokens",
    help: "The job is that of the chart's PodMonitor. Where NMI does not run, [pods are refused connections](../troubleshooting.md#what-else-a-pod-sees). Is the node ready, and what does NMI's log say?",
  },
  {
    alert: "NmiServesNoPods",
    severity: "critical",
    // One that is started again and again is seen once in five minutes; one that waits behind another answers in turn with it.
    expr: "max by (instance) (max_over_time(aadpodidentity_nmi_serving[6m])) == 0",
    for: "10m",
    summary: "NMI at {{ $labels.instance }} runs and has served no pods for ten minutes or more",
    help: "`kubectl describe` its pod: the message of its readiness says why, and so does its log. Mostly the API server is not reached from the node, or [rules](../interception.md) cannot be set.",
  },
  {
    alert: "NmiPortIsTaken",
    severity: "warning",
    expr: "max by (instance) (aadpodidentity_nmi_port_taken) == 1",
    for: "15m",
    summary: "Another program has NMI's port at {{ $labels.instance }}, and keeps it",
    help: "Pods get their tokens all the same, at another port. But the other program is none that an upgrade ends, mostly NMI of the AKS add-on or of a second installation: [find it](../troubleshooting.md#another-program-has-nmis-port).",
  },
  {
    alert: "NmiIsNotHeard",
    severity: "warning",
    expr: 'max by (instance) (up{job=~".+-nmi"}) == 1 unless max by (instance) (aadpodidentity_nmi_serving)',
    for: "60m",
    summary: "Another program answers Prometheus for NMI at {{ $labels.instance }}, of which nothing is known",
    help: "It has the port of NMI's metrics, and mostly NMI's own too: [find it](../troubleshooting.md#another-program-has-nmis-port). In an upgrade from 1.x that takes longer than an hour these are the nodes that are still to come.",
  },
  {
    alert: "NmiFailsRequests",
    severity: "critical",
    expr: `${share("instance", failures)} > 0.1 and sum by (instance) (${answered(failures)}) > 0.05`,
    for: "10m",
    summary: "NMI at {{ $labels.instance }} has no tokens for {{ $value | humanizePercentage }} of requests",
    help: "Answers of 500 and more are not the pods' fault: IMDS or Entra ID, the API server, or a node that does not confirm addresses. NMI's log says why: [what a pod is told](../troubleshooting.md#what-a-pod-is-told).",
  },
  {
    alert: "NmiRefusesTokens",
    severity: "warning",
    expr: `${share("namespace", refusals, '{namespace!=""}')} > 0.25 and sum by (namespace) (${answered(refusals)}) > 0.05`,
    for: "15m",
    summary: "Pods of {{ $labels.namespace }} are refused {{ $value | humanizePercentage }} of their tokens",
    help: "[What a pod is told](../troubleshooting.md#what-a-pod-is-told). Pods without the label `aadpodidbinding` that ask nevertheless, as some SDKs do by themselves, are refused for ever: silence their namespace.",
  },
  {
    alert: "NmiThrottles",
    severity: "warning",
    expr: `sum by (namespace) (${answered('{status_code="429"}')}) > 0.1`,
    for: "15m",
    summary: "Pods of {{ $labels.namespace }} are told to ask for tokens later",
    help: "IMDS throttles their node, or a pod is over [its limits](../nmi.md#what-one-pod-can-take), which `aadpodidentity_nmi_limits_reached_count` counts. Mostly an application makes a credential a request.",
  },
  {
    alert: "NmiAnswersLate",
    severity: "warning",
    expr: "histogram_quantile(0.9, sum by (le) (rate(aadpodidentity_nmi_operations_duration_seconds_bucket[10m]))) > 30",
    for: "15m",
    summary: "One in ten requests for tokens waits {{ $value | humanizeDuration }} or longer",
    help: "NMI waits for assignments, so most likely they are late: look at MIC's alerts. Else IMDS is slow: `aadpodidentity_imds_operations_duration_seconds`.",
  },
  {
    alert: "NmiHearsNothing",
    severity: "warning",
    expr: "max by (instance) (time() - aadpodidentity_nmi_watch_contact_timestamp_seconds) > 600",
    for: "5m",
    summary: "NMI at {{ $labels.instance }} has not heard of the API server for {{ $value | humanizeDuration }}",
    help: "Tokens are served as things were; what changed since then, new pods among it, does not count there. Is the API server reached from the node? NMI's log says what is in the way.",
  },
  {
    alert: "NmiRulesContested",
    severity: "warning",
    expr: "sum by (instance, table) (increase(aadpodidentity_nmi_iptables_repairs_count[15m])) > 5",
    for: "5m",
    summary: "Something at {{ $labels.instance }} changes NMI's rules ({{ $labels.table }}) again and again",
    help: "A firewall's agent or a network plugin, mostly. NMI puts [its rules](../interception.md) back; meanwhile pods may be refused connections.",
  },
  {
    alert: "ImdsFails",
    severity: "warning",
    expr: `${fetchErrors} > 0.02 unless ${fetchDone} > 3 * ${fetchErrors}`,
    for: "15m",
    summary: "Tokens cannot be fetched at {{ $labels.instance }} ({{ $labels.operation_type }})",
    help: "`adal_token` is Entra ID, for service principals; the other is the metadata service. More than a quarter of the calls fail; NMI's log has their own words: [Identity not found](../troubleshooting.md#identity-not-found), [service principals](../service-principals.md#when-there-is-no-token).",
  },
  {
    alert: "NmiServesOldTokens",
    severity: "warning",
    expr: 'sum by (instance) (increase(aadpodidentity_nmi_token_cache_requests_count{result="stale"}[15m])) > 0',
    for: "15m",
    summary: "NMI at {{ $labels.instance }} serves tokens that it should have refreshed: soon there are none",
    help: "Refreshing fails for the network, throttling or errors of IMDS or Entra ID. Pods are served until their tokens end, mostly within the hour.",
  },
  {
    alert: "NmiCannotReadSecrets",
    severity: "warning",
    expr: 'sum by (instance) (increase(aadpodidentity_kubernetes_api_operations_errors_count{operation_type="get_secret"}[15m])) > 3',
    for: "10m",
    summary: "NMI at {{ $labels.instance }} cannot read Secrets of service principals",
    help: "They are missing, or `rbac.allowAccessToSecrets` is off: [service principals](../service-principals.md#when-there-is-no-token).",
  },
  {
    alert: "NmiCacheDoesNotHelp",
    severity: "info",
    expr: `${cache("miss")} > 0.5 and ${cache("miss")} > ${cache("hit")}`,
    for: "30m",
    summary: "NMI at {{ $labels.instance }} fetches most tokens anew",
    help: "Pods ask for many different resources, bypass the cache, or it is off (`nmi.tokenCache`). IMDS allows a node 20 calls a second.",
  },
];

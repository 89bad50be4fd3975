import { ofLeader } from "./alert.ts";

/** A picture of some series; `stat` shows the present number alone. */
export type Panel = {
  readonly title: string;
  readonly shows?: "stat";
  readonly unit?: "s" | "reqps" | "percentunit" | "short";
  /** PromQL, and what each series is called: `{{label}}` stands for a label's value. */
  readonly series: readonly (readonly [expr: string, name: string])[];
};
/** Panels that answer one question. */
export type Row = { readonly question: string; readonly panels: readonly Panel[] };

const RATE = "[$__rate_interval]";
const rate = (by: string, counter: string) => `sum by (${by}) (rate(${counter}${RATE}))`;
const quantile = (histogram: string, q: number, by = "") =>
  `histogram_quantile(${q}, sum by (le${by}) (rate(${histogram}_bucket${RATE})))`;
const half = (histogram: string, by?: string) => quantile(histogram, 0.5, by);
const most = (histogram: string, by?: string) => quantile(histogram, 0.99, by);

const requests = "aadpodidentity_nmi_operations_duration_seconds";
const imds = "aadpodidentity_imds_operations_duration_seconds";
const cycle = "aadpodidentity_mic_cycle_duration_seconds";
const azure = "aadpodidentity_cloud_provider_operations_duration_seconds";
const waits = "aadpodidentity_cloud_provider_budget_wait_seconds";

/** The dashboard, in the order in which somebody on call asks. */
export const rows: readonly Row[] = [
  {
    question: "Do pods get tokens?",
    panels: [
      {
        title: "Requests that got a token",
        shows: "stat",
        unit: "percentunit",
        series: [[`sum(rate(${requests}_count{status_code="200"}${RATE})) / sum(rate(${requests}_count${RATE}))`, ""]],
      },
      { title: "MICs that lead (1 is right)", shows: "stat", series: [["sum(aadpodidentity_mic_leader)", ""]] },
      {
        title: "Nodes with NMI",
        shows: "stat",
        series: [
          ["count(max by (instance) (aadpodidentity_nmi_serving) == 1) or vector(0)", "serves"],
          ["count(max by (instance) (aadpodidentity_nmi_serving) == 0) or vector(0)", "does not"],
          ["count(max by (instance) (aadpodidentity_nmi_port_taken) == 1) or vector(0)", "beside another program"],
        ],
      },
      { title: "Answers", unit: "reqps", series: [[rate("status_code", `${requests}_count`), "{{status_code}}"]] },
      {
        title: "Refusals by namespace",
        unit: "reqps",
        series: [
          [rate("namespace, status_code", `${requests}_count{status_code!="200"}`), "{{namespace}} {{status_code}}"],
        ],
      },
      {
        title: "How long pods wait",
        unit: "s",
        series: [
          [half(requests), "half"],
          [most(requests), "99 %"],
        ],
      },
    ],
  },
  {
    question: "If not, why not: on the nodes",
    panels: [
      {
        title: "Calls to IMDS and Entra ID that fail",
        unit: "reqps",
        series: [[rate("operation_type", "aadpodidentity_imds_operations_errors_count"), "{{operation_type}}"]],
      },
      {
        title: "How long these calls take (99 %)",
        unit: "s",
        series: [[most(imds, ", operation_type"), "{{operation_type}}"]],
      },
      {
        title: "Pods held to their limits",
        unit: "reqps",
        series: [[rate("limit", "aadpodidentity_nmi_limits_reached_count"), "{{limit}}"]],
      },
      {
        title: "Since the API server was last heard, by node",
        unit: "s",
        series: [
          ["topk(10, max by (instance) (time() - aadpodidentity_nmi_watch_contact_timestamp_seconds))", "{{instance}}"],
        ],
      },
      {
        title: "iptables rules put right",
        series: [
          [
            `topk(10, sum by (instance, table) (increase(aadpodidentity_nmi_iptables_repairs_count${RATE})) > 0)`,
            "{{instance}} {{table}}",
          ],
        ],
      },
      {
        title: "Pods not known, Secrets not read",
        unit: "reqps",
        series: [
          [
            rate("operation_type", 'aadpodidentity_kubernetes_api_operations_errors_count{operation_type=~"get_.+"}'),
            "{{operation_type}}",
          ],
        ],
      },
    ],
  },
  {
    question: "If not, why not: assignments",
    panels: [
      {
        title: "AzureAssignedIdentities",
        series: [[`sum by (state) (${ofLeader("aadpodidentity_assigned_identities")})`, "{{state}}"]],
      },
      {
        title: "What waits",
        series: [
          ["max(aadpodidentity_mic_queue_length)", "machines"],
          [`max(${ofLeader("aadpodidentity_mic_quarantined_identities")})`, "identities that Azure refuses"],
          [`max(${ofLeader("aadpodidentity_cloud_provider_breaker_state")})`, "calls held back (2)"],
        ],
      },
      {
        title: "For how long the leader has led",
        unit: "s",
        series: [["time() - max(aadpodidentity_mic_leading_since_timestamp_seconds > 0)", ""]],
      },
      {
        title: "Calls to Azure that fail",
        unit: "reqps",
        series: [
          [rate("operation_type", "aadpodidentity_cloud_provider_operations_errors_count"), "{{operation_type}}"],
        ],
      },
      {
        title: "From the first change until all is done",
        unit: "s",
        series: [
          [half(cycle), "half"],
          [most(cycle), "99 %"],
        ],
      },
      {
        title: "How long Azure takes (99 %)",
        unit: "s",
        series: [[most(azure, ", operation_type"), "{{operation_type}}"]],
      },
      {
        title: "Drift",
        series: [
          [`sum by (kind) (increase(aadpodidentity_mic_drift_found_count${RATE}))`, "found {{kind}}"],
          [`sum by (kind) (increase(aadpodidentity_mic_drift_repaired_count${RATE}))`, "repaired {{kind}}"],
        ],
      },
    ],
  },
  {
    question: "Is there room?",
    panels: [
      {
        title: "What the cache answers",
        unit: "reqps",
        series: [[rate("result", "aadpodidentity_nmi_token_cache_requests_count"), "{{result}}"]],
      },
      {
        title: "Tokens held, by node",
        series: [["topk(10, aadpodidentity_nmi_token_cache_entries)", "{{instance}}"]],
      },
      {
        title: "Waits for Azure's limits (99 %)",
        unit: "s",
        series: [[most(waits), "99 %"]],
      },
      { title: "Time to plan (99 %)", unit: "s", series: [[most("aadpodidentity_mic_plan_duration_seconds"), "99 %"]] },
      {
        title: "Requests let past NMI",
        unit: "reqps",
        series: [[rate("namespace", "aadpodidentity_nmi_exceptions_used_count"), "{{namespace}}"]],
      },
      {
        title: "Records written",
        unit: "reqps",
        series: [
          [`sum(rate(aadpodidentity_assigned_identity_addition_count${RATE}))`, "created"],
          [`sum(rate(aadpodidentity_assigned_identity_update_count${RATE}))`, "rewritten"],
          [`sum(rate(aadpodidentity_assigned_identity_deletion_count${RATE}))`, "deleted"],
        ],
      },
    ],
  },
];

import { type AlertCase, buckets, type Series } from "./alert-cases.ts";

const leader = (instance: string) => `aadpodidentity_mic_leader{instance="${instance}"}`;
const since = (instance: string) => `aadpodidentity_mic_leading_since_timestamp_seconds{instance="${instance}"}`;
const azureFailed = 'aadpodidentity_cloud_provider_operations_errors_count{operation_type="vmss_update"}';
const azureDone = 'aadpodidentity_cloud_provider_operations_duration_seconds_count{operation_type="vmss_update"}';

/** Gauges that an instance keeps, after it was the leader, as they last were. */
const led = (gauge: string, value: string, isLeader: boolean): Series => ({
  [gauge]: `${value}x90`,
  [leader("m1")]: isLeader ? "1x90" : "0x90",
  [leader("m2")]: isLeader ? "0x90" : "1x90",
});

/** By alert: series that make it fire, and series that nearly do. */
export const micAlertCases: Readonly<Record<string, readonly AlertCase[]>> = {
  MicHasNoLeader: [
    {
      when: "two MICs run and none leads",
      series: { [leader("m1")]: "0x90", [leader("m2")]: "0x90" },
      fires: [{ summary: "No MIC leads: new pods get no identities" }],
    },
    { when: "there is none", series: {}, fires: [{ summary: "No MIC leads: new pods get no identities" }] },
    { when: "one of two leads", series: { [leader("m1")]: "0x90", [leader("m2")]: "1x90" } },
    { when: "there was none for three minutes", series: { [leader("m1")]: "1x57 0x3 1x9" } },
  ],
  MicHasSeveralLeaders: [
    {
      when: "both lead",
      series: { [leader("m1")]: "1x90", [leader("m2")]: "1x90" },
      fires: [{ summary: "2 MICs lead at once, and may undo each other's work" }],
    },
    { when: "one took over from another just now", series: { [leader("m1")]: "1x60", [leader("m2")]: "0x58 1x9" } },
  ],
  MicLeaderChangesOften: [
    {
      when: "it changes every ten minutes",
      series: {
        [since("m1")]: "600x9 0x9 1800x9 0x9 3000x9 0x39",
        [since("m2")]: "0x9 1200x9 0x9 2400x9 0x9 3600x39",
      },
      fires: [{ summary: "MIC's leader changes again and again" }],
    },
    {
      when: "it is killed between two looks of Prometheus and leads again, every ten minutes",
      series: { [since("m1")]: "600x9 1200x9 1800x9 2400x9 3000x9 3600x39" },
      fires: [{ summary: "MIC's leader changes again and again" }],
    },
    {
      when: "each leader has a pod of its own, of which nothing is left",
      series: {
        [since("m1")]: "600x9 _x80",
        [since("m2")]: "_x10 1200x9 _x70",
        [since("m3")]: "_x20 1800x9 _x60",
        [since("m4")]: "_x30 2400x9 _x50",
        [since("m5")]: "_x40 3000x9 _x40",
        [since("m6")]: "_x50 3600x39",
      },
      fires: [{ summary: "MIC's leader changes again and again" }],
    },
    {
      when: "nodes were drained one after the other, and none led in between",
      series: { [since("m1")]: "600x20 0x4 1500x14 0x49", [since("m2")]: "0x42 2550x9 0x2 3360x30" },
    },
    {
      when: "one loses its way and back for a while, but leads as ever",
      series: { [since("m1")]: "600x20 _x3 600x5 _x3 600x5 _x3 600x5 _x3 600x40" },
    },
  ],
  MicCloudConfigWrong: [
    {
      when: "one of two cannot use it",
      series: {
        'aadpodidentity_mic_cloud_config_ok{instance="m1"}': "0x90",
        'aadpodidentity_mic_cloud_config_ok{instance="m2"}': "1x90",
      },
      fires: [{ labels: { instance: "m1" }, summary: "MIC at m1 cannot use azure.json" }],
    },
    { when: "it was being rewritten", series: { 'aadpodidentity_mic_cloud_config_ok{instance="m1"}': "1x54 0x5" } },
  ],
  MicAssignmentsStuck: [
    {
      when: "some are on their way for an hour",
      series: led('aadpodidentity_assigned_identities{instance="m1",state="Created"}', "3", true),
      fires: [{ summary: "3 identities have been on their way to machines for 15 minutes" }],
    },
    {
      when: "a MIC knew of some while it led",
      series: led('aadpodidentity_assigned_identities{instance="m1",state="Created"}', "3", false),
    },
    {
      when: "all have arrived",
      series: led('aadpodidentity_assigned_identities{instance="m1",state="Assigned"}', "3", true),
    },
  ],
  MicQueueStands: [
    {
      when: "machines wait for an hour",
      series: { 'aadpodidentity_mic_queue_length{instance="m1"}': "4x90" },
      fires: [{ summary: "4 machines wait for MIC, and have for half an hour" }],
    },
    { when: "there were none in between", series: { 'aadpodidentity_mic_queue_length{instance="m1"}': "4x40 0 4x40" } },
  ],
  MicWorksSlowly: [
    {
      when: "rounds take ten minutes",
      series: buckets("aadpodidentity_mic_cycle_duration_seconds", [
        ["300", 0],
        ["600", 1],
        ["+Inf", 1],
      ]),
      fires: [{ summary: "One in ten rounds of MIC takes 9m 30s or longer" }],
    },
    {
      when: "one in twenty does",
      series: buckets("aadpodidentity_mic_cycle_duration_seconds", [
        ["300", 19],
        ["600", 20],
        ["+Inf", 20],
      ]),
    },
    {
      when: "there is nothing to do",
      series: buckets("aadpodidentity_mic_cycle_duration_seconds", [
        ["300", 0],
        ["600", 0],
        ["+Inf", 0],
      ]),
    },
  ],
  MicIdentityRefused: [
    {
      when: "the leader knows of one",
      series: led('aadpodidentity_mic_quarantined_identities{instance="m1"}', "1", true),
      fires: [{ summary: "Azure refuses 1 identities, mostly for want of a role" }],
    },
    {
      when: "a MIC knew of one while it led",
      series: led('aadpodidentity_mic_quarantined_identities{instance="m1"}', "1", false),
    },
  ],
  MicHoldsCallsBack: [
    {
      when: "calls are held back, and one is tried now and then",
      series: {
        'aadpodidentity_cloud_provider_breaker_state{instance="m1"}': "2x3 1 2x3 1 2x3 1 2x3 1 2x3 1 2x3 1 2x3 1 2x60",
        [leader("m1")]: "1x90",
      },
      fires: [{ summary: "Azure throttles MIC or does not answer: new pods get no identities" }],
    },
    {
      when: "they were for five minutes",
      series: { 'aadpodidentity_cloud_provider_breaker_state{instance="m1"}': "0x40 2x5 0x60", [leader("m1")]: "1x90" },
    },
    {
      when: "a MIC held them back while it led",
      series: led('aadpodidentity_cloud_provider_breaker_state{instance="m1"}', "2", false),
    },
  ],
  MicAzureCallsFail: [
    {
      when: "two in three fail",
      series: { [azureFailed]: "0+2x90", [azureDone]: "0+1x90" },
      fires: [{ labels: { operation_type: "vmss_update" }, summary: "Most calls of MIC to Azure fail (vmss_update)" }],
    },
    { when: "one in three fails", series: { [azureFailed]: "0+1x90", [azureDone]: "0+2x90" } },
    { when: "three failed", series: { [azureFailed]: "0x50 3x40", [azureDone]: "0x90" } },
  ],
  MicCannotWriteRecords: [
    {
      when: "creating fails each minute",
      series: {
        'aadpodidentity_kubernetes_api_operations_errors_count{operation_type="assigned_identity_addition"}': "0+1x90",
      },
      fires: [
        {
          labels: { operation_type: "assigned_identity_addition" },
          summary: "MIC cannot write AzureAssignedIdentities (assigned_identity_addition)",
        },
      ],
    },
    {
      when: "it is NMI that did not know pods",
      series: { 'aadpodidentity_kubernetes_api_operations_errors_count{operation_type="get_pod_list"}': "0+5x90" },
    },
  ],
  MicFindsDrift: [
    {
      when: "an identity is taken off every ten minutes",
      series: { 'aadpodidentity_mic_drift_found_count{kind="missing"}': "0x9 1x9 2x9 3x9 4x9 5x9 6x9" },
      fires: [{ labels: { kind: "missing" }, summary: "Somebody changes identities of machines behind MIC (missing)" }],
    },
    {
      when: "it happened twice",
      series: { 'aadpodidentity_mic_drift_found_count{kind="missing"}': "0x30 1x10 2x40" },
    },
  ],
};

import { type AlertCase, buckets } from "./alert-cases.ts";

const requests = (labels: string) => `aadpodidentity_nmi_operations_duration_seconds_count{${labels}}`;
const cache = (result: string) => `aadpodidentity_nmi_token_cache_requests_count{instance="n1",result="${result}"}`;
const imdsFailed = (type: string) =>
  `aadpodidentity_imds_operations_errors_count{instance="n1",operation_type="${type}"}`;
const imdsDone = (type: string) =>
  `aadpodidentity_imds_operations_duration_seconds_count{instance="n1",operation_type="${type}"}`;
const serving = (instance: string) => `aadpodidentity_nmi_serving{instance="${instance}"}`;
const taken = (instance: string) => `aadpodidentity_nmi_port_taken{instance="${instance}"}`;
const scraped = (instance: string, job = "nmi") =>
  `up{job="kube-system/aad-pod-identity-${job}",instance="${instance}"}`;
const NOT_SERVING = "NMI at n1 runs and has served no pods for ten minutes or more";
const USER_ASSIGNED = "adal_token_msi_userassignedid";

/** By alert: series that make it fire, and series that nearly do. */
export const nmiAlertCases: Readonly<Record<string, readonly AlertCase[]>> = {
  NmiIsNowhere: [
    {
      when: "nothing is scraped",
      series: {},
      fires: [{ summary: "Prometheus reaches no NMI: pods may get no tokens at all" }],
    },
    {
      when: "one NMI is left",
      series: { [serving("n1")]: "1x90" },
    },
    {
      when: "there was one ten minutes ago",
      series: { [serving("n1")]: "1x50 _x40" },
    },
    { when: "one is left, and waits for the API server", series: { [serving("n1")]: "0x90" } },
  ],
  NmiServesNoPods: [
    {
      when: "one of two waits from the start",
      series: { [serving("n1")]: "_x45 0x45", [serving("n2")]: "1x90" },
      fires: [{ labels: { instance: "n1" }, summary: NOT_SERVING }],
    },
    {
      when: "one has lost its rules for good",
      series: { [serving("n1")]: "1x40 0x50" },
      fires: [{ labels: { instance: "n1" }, summary: NOT_SERVING }],
    },
    {
      when: "one ends before it serves, and is started again five minutes later",
      series: {
        [serving("n1")]:
          "0 _x5 0 _x5 0 _x5 0 _x5 0 _x5 0 _x5 0 _x5 0 _x5 0 _x5 0 _x5 0 _x5 0 _x5 0 _x5 0 _x5 0 _x5 0 _x5",
      },
      fires: [{ labels: { instance: "n1" }, summary: NOT_SERVING }],
    },
    { when: "a new node's takes nine minutes", series: { [serving("n1")]: "_x45 0x9 1x40" } },
    {
      when: "one waits behind another that serves at the same port",
      series: { [serving("n1")]: "1x30 0 1 0 0 1 0 1 1 0 0 0 1 0 1 0 1 0 0 1 0 1 0 1 0 1 0 0 1 0 1 0 1x20" },
    },
  ],
  NmiDoesNotAnswer: [
    {
      when: "one node is silent",
      series: {
        'up{job="kube-system/aad-pod-identity-nmi",instance="n1"}': "0x90",
        'up{job="kube-system/aad-pod-identity-nmi",instance="n2"}': "1x90",
      },
      fires: [
        {
          labels: { job: "kube-system/aad-pod-identity-nmi", instance: "n1" },
          summary: "NMI at n1 does not answer Prometheus: pods of its node may get no tokens",
        },
      ],
    },
    { when: "something else is", series: { 'up{job="kube-system/coredns",instance="n1"}': "0x90" } },
  ],
  NmiPortIsTaken: [
    {
      when: "one of two serves beside another program",
      series: { [taken("n1")]: "0x40 1x50", [taken("n2")]: "0x90" },
      fires: [{ labels: { instance: "n1" }, summary: "Another program has NMI's port at n1, and keeps it" }],
    },
    { when: "it has done so for ten minutes", series: { [taken("n1")]: "0x50 1x40" } },
  ],
  NmiIsNotHeard: [
    {
      when: "another program answers for one of two",
      series: { [scraped("n1")]: "1x90", [scraped("n2")]: "1x90", [serving("n2")]: "1x90" },
      fires: [
        {
          labels: { instance: "n1" },
          summary: "Another program answers Prometheus for NMI at n1, of which nothing is known",
        },
      ],
    },
    { when: "it serves no pods", series: { [scraped("n1")]: "1x90", [serving("n1")]: "0x90" } },
    { when: "its node is upgraded in time", series: { [scraped("n1")]: "1x90", [serving("n1")]: "_x50 1x40" } },
    { when: "nothing answers", series: { [scraped("n1")]: "0x90" } },
    { when: "it is no NMI", series: { [scraped("n1", "mic")]: "1x90" } },
  ],
  NmiFailsRequests: [
    {
      when: "one in five is answered 503",
      series: {
        [requests('instance="n1",namespace="a",status_code="200"')]: "0+48x90",
        [requests('instance="n1",namespace="a",status_code="503"')]: "0+12x90",
      },
      fires: [{ labels: { instance: "n1" }, summary: "NMI at n1 has no tokens for 20% of requests" }],
    },
    {
      when: "one in twenty is",
      series: {
        [requests('instance="n1",namespace="a",status_code="200"')]: "0+114x90",
        [requests('instance="n1",namespace="a",status_code="503"')]: "0+6x90",
      },
    },
    {
      when: "the only one in a while is",
      series: { [requests('instance="n1",namespace="a",status_code="503"')]: "0x50 1x40" },
    },
    {
      when: "pods are refused for their own mistakes",
      series: { [requests('instance="n1",namespace="a",status_code="404"')]: "0+60x90" },
    },
  ],
  NmiRefusesTokens: [
    {
      when: "half are refused in one of two namespaces, on two nodes",
      series: {
        [requests('instance="n1",namespace="a",status_code="200"')]: "0+60x90",
        [requests('instance="n1",namespace="b",status_code="200"')]: "0+60x90",
        [requests('instance="n1",namespace="b",status_code="403"')]: "0+30x90",
        [requests('instance="n2",namespace="b",status_code="404"')]: "0+30x90",
      },
      fires: [{ labels: { namespace: "b" }, summary: "Pods of b are refused 50% of their tokens" }],
    },
    {
      when: "nobody knows who is refused",
      series: { [requests('instance="n1",namespace="",status_code="404"')]: "0+60x90" },
    },
    {
      when: "they are asked to come again later",
      series: { [requests('instance="n1",namespace="a",status_code="429"')]: "0+60x90" },
    },
    {
      when: "one in ten is refused",
      series: {
        [requests('instance="n1",namespace="a",status_code="200"')]: "0+54x90",
        [requests('instance="n1",namespace="a",status_code="403"')]: "0+6x90",
      },
    },
  ],
  NmiThrottles: [
    {
      when: "one pod is over its limits all the time",
      series: { [requests('instance="n1",namespace="a",status_code="429"')]: "0+30x90" },
      fires: [{ labels: { namespace: "a" }, summary: "Pods of a are told to ask for tokens later" }],
    },
    {
      when: "it was in one burst",
      series: { [requests('instance="n1",namespace="a",status_code="429"')]: "0x54 100x40" },
    },
  ],
  NmiAnswersLate: [
    {
      when: "all wait more than half a minute",
      series: buckets("aadpodidentity_nmi_operations_duration_seconds", [
        ["30", 0],
        ["40", 10],
        ["+Inf", 10],
      ]),
      fires: [{ summary: "One in ten requests for tokens waits 39s or longer" }],
    },
    {
      when: "one in twenty does",
      series: buckets("aadpodidentity_nmi_operations_duration_seconds", [
        ["30", 19],
        ["40", 20],
        ["+Inf", 20],
      ]),
    },
  ],
  NmiHearsNothing: [
    {
      when: "one of its watches is silent for half an hour",
      series: {
        'aadpodidentity_nmi_watch_contact_timestamp_seconds{instance="n1",resource="pods"}': "0+60x90",
        'aadpodidentity_nmi_watch_contact_timestamp_seconds{instance="n1",resource="azureidentities"}':
          "0+60x30 1800x60",
      },
      fires: [{ labels: { instance: "n1" }, summary: "NMI at n1 has not heard of the API server for 30m 0s" }],
    },
    {
      when: "it was silent for five minutes",
      series: {
        'aadpodidentity_nmi_watch_contact_timestamp_seconds{instance="n1",resource="pods"}': "0+60x55 3300x30",
      },
    },
  ],
  NmiRulesContested: [
    {
      when: "they are changed each minute",
      series: { 'aadpodidentity_nmi_iptables_repairs_count{instance="n1",table="nat"}': "0+1x90" },
      fires: [
        {
          labels: { instance: "n1", table: "nat" },
          summary: "Something at n1 changes NMI's rules (nat) again and again",
        },
      ],
    },
    {
      when: "they were put right twice",
      series: { 'aadpodidentity_nmi_iptables_repairs_count{instance="n1",table="nat"}': "0x50 2x40" },
    },
  ],
  ImdsFails: [
    {
      when: "all calls fail, and none ever succeeded",
      series: { [imdsFailed(USER_ASSIGNED)]: "0+3x90" },
      fires: [
        {
          labels: { instance: "n1", operation_type: USER_ASSIGNED },
          summary: `Tokens cannot be fetched at n1 (${USER_ASSIGNED})`,
        },
      ],
    },
    {
      when: "half of the calls to Entra ID fail, and IMDS serves",
      series: {
        [imdsFailed("adal_token")]: "0+3x90",
        [imdsDone("adal_token")]: "0+3x90",
        [imdsDone(USER_ASSIGNED)]: "0+60x90",
      },
      fires: [
        {
          labels: { instance: "n1", operation_type: "adal_token" },
          summary: "Tokens cannot be fetched at n1 (adal_token)",
        },
      ],
    },
    {
      when: "one in five fails",
      series: { [imdsFailed(USER_ASSIGNED)]: "0+3x90", [imdsDone(USER_ASSIGNED)]: "0+12x90" },
    },
    { when: "one fails each hour", series: { [imdsFailed(USER_ASSIGNED)]: "0x55 1x40" } },
  ],
  NmiServesOldTokens: [
    {
      when: "it does all the time",
      series: { [cache("stale")]: "0+1x90" },
      fires: [
        {
          labels: { instance: "n1" },
          summary: "NMI at n1 serves tokens that it should have refreshed: soon there are none",
        },
      ],
    },
    { when: "it did once", series: { [cache("stale")]: "0x50 1x40" } },
  ],
  NmiCannotReadSecrets: [
    {
      when: "one is missing",
      series: {
        'aadpodidentity_kubernetes_api_operations_errors_count{instance="n1",operation_type="get_secret"}': "0+1x90",
      },
      fires: [{ labels: { instance: "n1" }, summary: "NMI at n1 cannot read Secrets of service principals" }],
    },
    {
      when: "pods were not known at once",
      series: {
        'aadpodidentity_kubernetes_api_operations_errors_count{instance="n1",operation_type="get_pod_list"}': "0+9x90",
      },
    },
  ],
  NmiCacheDoesNotHelp: [
    {
      when: "most tokens are fetched",
      series: { [cache("miss")]: "0+60x90", [cache("hit")]: "0+30x90" },
      fires: [{ labels: { instance: "n1" }, summary: "NMI at n1 fetches most tokens anew" }],
    },
    { when: "most are held", series: { [cache("miss")]: "0+60x90", [cache("hit")]: "0+600x90" } },
    { when: "hardly anybody asks", series: { [cache("miss")]: "0+6x90", [cache("hit")]: "0x90" } },
  ],
};

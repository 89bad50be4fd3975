import { type ConfigOf, type Env, list, listOf, text, whole, yesNo } from "../../base/options.ts";
import { proxyProblem } from "../../base/proxy-variable.ts";
import { authorityProblem } from "../../tokens/token-endpoint.ts";

const port = { min: 0, max: 65535 } as const;

/** Every setting of NMI beside the logging flags. Flag and variable names are a public contract: spelled out. */
export const nmiOptions = {
  listenAddress: text({
    flag: "nmi-listen-address",
    fallback: "127.0.0.1",
    help: "Address NMI listens on; 0.0.0.0 means all of the node. IPv4, unless with --skip-iptables.",
  }),
  listenPort: whole({ ...port, flag: "nmi-port", fallback: 2579, help: "Port NMI listens on; 0 takes a free one." }),
  metadataAddress: text({
    flag: "metadata-ip",
    fallback: "169.254.169.254",
    help: "IPv4 address of the instance metadata service; one of loopback only with --skip-iptables.",
  }),
  metadataPort: whole({
    ...port,
    min: 1,
    flag: "metadata-port",
    fallback: 80,
    help: "Port of the instance metadata service.",
  }),
  node: text({ flag: "node", fallback: "", help: "Name of the node that NMI runs on; required." }),
  skipIptables: yesNo({
    flag: "skip-iptables",
    fallback: false,
    help: "Leave the redirection of pods' requests to something else.",
  }),
  cleanup: yesNo({
    flag: "cleanup",
    fallback: false,
    help: "Remove all iptables rules of NMI from this node, say which, and exit.",
  }),
  daemonSet: text({
    flag: "daemonset",
    fallback: "",
    help: "NMI's own DaemonSet, as <namespace>/<name>: NMI removes its iptables rules when it stops because that is uninstalled, and only then.",
  }),
  imdsGuard: yesNo({
    flag: "imds-guard",
    fallback: true,
    help: "Refuse by rules of their own what pods send past the redirection to the instance metadata service.",
  }),
  procSysNet: text({
    flag: "proc-sys-net",
    fallback: "/proc/sys/net",
    help: "Where the node's /proc/sys/net is, to set ipv4.conf.all.route_localnet there if it is not set.",
  }),
  iptablesIntervalSeconds: whole({
    flag: "ipt-update-interval-sec",
    fallback: 60,
    min: 1,
    help: "The most seconds between checks of the iptables rules; changes by others are seen within a second.",
  }),
  forceNamespaced: yesNo({
    flag: "forceNamespaced",
    env: "FORCENAMESPACED",
    envOn: "true",
    fallback: false,
    help: "Identities may be used only by pods of their own namespace.",
  }),
  micNamespace: text({
    flag: "MICNamespace",
    fallback: "default",
    deprecated: "MIC is known by --mic-service-account or an AzurePodIdentityException; it has no effect",
    help: "Namespace of MIC.",
  }),
  probePort: whole({
    ...port,
    flag: "http-probe-port",
    fallback: 8080,
    help: "Port of the probes /healthz, /livez and /readyz; 0 takes a free one.",
  }),
  startedFile: text({
    flag: "started-file",
    fallback: "",
    help: "File that is there once this NMI serves pods and says whether it does, for probes that no other NMI of the node can answer.",
  }),
  attemptsForCreated: whole({
    flag: "retry-attempts-for-created",
    fallback: 16,
    min: 0,
    help: "How many intervals a request waits for an AzureAssignedIdentity to be there.",
  }),
  attemptsForAssigned: whole({
    flag: "retry-attempts-for-assigned",
    fallback: 4,
    min: 0,
    help: "How many intervals more it waits for one that is there to become Assigned.",
  }),
  intervalSeconds: whole({
    flag: "find-identity-retry-interval",
    fallback: 5,
    min: 0,
    help: "Length of such an interval in seconds; a change is seen at once, not at its end.",
  }),
  enableProfile: yesNo({
    flag: "enableProfile",
    fallback: false,
    help: "Serve profiles on localhost:6060: /debug/pprof/profile?seconds=30 (a .cpuprofile) and /debug/pprof/heap.",
  }),
  enableScaleFeatures: yesNo({
    flag: "enableScaleFeatures",
    fallback: true,
    help: "Watch only the AzureAssignedIdentities that carry this node's label.",
  }),
  blockInstanceMetadata: yesNo({
    flag: "block-instance-metadata",
    fallback: false,
    help: "Refuse pods the instance metadata.",
  }),
  metadataHeaderRequired: yesNo({
    flag: "metadata-header-required",
    fallback: true,
    help: "Refuse requests without the header `Metadata: true`.",
  }),
  prometheusPort: whole({
    ...port,
    flag: "prometheus-port",
    fallback: 9090,
    help: "Port of the metrics; 0 takes a free one.",
  }),
  operationMode: text({
    flag: "operation-mode",
    fallback: "standard",
    help: "standard, or managed: without MIC, for machines that got their identities by hand; needs --forceNamespaced.",
  }),
  allowKubenet: yesNo({
    flag: "allow-network-plugin-kubenet",
    fallback: false,
    help: "Start although the node's network plugin may be kubenet, with which pods can take each other's addresses.",
  }),
  kubeletConfig: text({
    flag: "kubelet-config",
    fallback: "/etc/default/kubelet",
    help: "File with the kubelet's flags or settings, which may name kubenet; not read with --skip-iptables.",
  }),
  setRetryAfterHeader: yesNo({
    flag: "set-retry-after-header",
    fallback: false,
    help: "Answer 503 with Retry-After instead of 404 while an identity is not assigned yet.",
  }),
  enableConntrackDeletion: yesNo({
    flag: "enable-conntrack-deletion",
    fallback: true,
    help: "Forget connections to the instance metadata service that are older than the iptables rules, at start.",
  }),
  customUserAgent: text({ flag: "custom-user-agent", fallback: "", help: "Appended to the user agent of all calls." }),
  micServiceAccount: text({
    flag: "mic-service-account",
    fallback: "",
    help: "MIC's own service account, as <namespace>/<name>: its pods reach IMDS itself; by an AzurePodIdentityException alone when empty.",
  }),
  exceptionNamespaces: list({
    flag: "exception-namespaces",
    fallback: [],
    help: "Namespaces in which an AzurePodIdentityException counts; everywhere when empty.",
  }),
  allowCrossNamespaceSecrets: yesNo({
    flag: "allow-cross-namespace-secrets",
    fallback: false,
    help: "Let an AzureIdentity name a Secret of another namespace than its own.",
  }),
  allowedAdEndpoints: listOf(
    {
      flag: "allowed-ad-endpoints",
      fallback: [],
      help: "URLs of authorities, beside the known clouds', to which the secrets of service principals may be sent.",
    },
    readAuthorities,
  ),
  hostTokenUids: listOf(
    {
      flag: "host-token-uids",
      fallback: [],
      help: "Users of the node, by number, whose processes may ask /host/token in the name of its pods; any when empty.",
    },
    readUids,
  ),
  tokenCache: yesNo({
    flag: "token-cache",
    fallback: true,
    help: "Keep tokens until shortly before they expire, and refresh them early.",
  }),
  kubeconfig: text({
    flag: "kubeconfig",
    env: "KUBECONFIG",
    fallback: "",
    help: "Path of a kubeconfig; without one NMI uses its pod's service account.",
  }),
};

function readUids(uids: readonly string[]) {
  const isWrong = uids.some((uid) => !/^\d{1,10}$/.test(uid));
  return isWrong ? { wrong: "a list of numbers of users" } : { value: uids.map(Number) };
}

function readAuthorities(urls: readonly string[]) {
  const isWrong = urls.some((url) => authorityProblem(url) !== undefined);
  return isWrong ? { wrong: "a list of https URLs of a host and perhaps a path" } : { value: urls };
}

const OF_LIBRARY = "No effect: NMI's own calls go to the metadata service at --metadata-ip alone.";

/** What NMI reads of its environment beside the flags' own variables, and what it does not. */
export const nmiVariables = {
  AZURE_ENVIRONMENT_FILEPATH:
    "The JSON file with the endpoints of the cloud AzureStackCloud; its authority is allowed.",
  HTTPS_PROXY:
    "The proxy for Entra ID, as NO_PROXY allows; https_proxy counts before it; never for the metadata service.",
  MSI_ENDPOINT: OF_LIBRARY,
  MSI_SECRET: OF_LIBRARY,
} as const satisfies Readonly<Record<string, string>>;

/**
 * Sentences about variables that the original obeyed, by its token library, and NMI does not: nobody takes its place; and
 * about a proxy that no request can go through, which does not keep NMI from the metadata service.
 */
export function variableWarnings(env: Env): readonly string[] {
  const given = Object.entries(nmiVariables).filter(([name, help]) => help === OF_LIBRARY && (env[name] ?? "") !== "");
  const proxy = proxyProblem(env);
  const only =
    "only tokens of service principals need it, and those fail until then where NO_PROXY does not exempt their authority";
  return [
    ...given.map(([name, help]) => `variable ${name}: ${help}`),
    ...(proxy === undefined ? [] : [`${proxy}; ${only}`]),
  ];
}

export type NmiConfig = ConfigOf<typeof nmiOptions>;

import { addresses, choice, count, duration, list, map, number, text, type ValueRow, whole, yesNo } from "./allowed.ts";

const component = (name: "mic" | "nmi"): readonly ValueRow[] => [
  [`${name}.image`, name, text, `Name of ${name.toUpperCase()}'s image in the repository.`],
  [`${name}.tag`, "", text, "Its tag, or a digest (`sha256:…`); the chart's appVersion with a `v` when empty."],
  [`${name}.logVerbosity`, 0, whole, "`-v`"],
  [`${name}.loggingFormat`, "", choice("", "text", "json"), "`--log-format`"],
  [`${name}.podAnnotations`, {}, map, "More annotations of its pods."],
  [`${name}.podLabels`, {}, map, "More labels of its pods."],
  [`${name}.nodeSelector`, { "kubernetes.io/os": "linux" }, map, "Nodes that its pods run on."],
  [`${name}.extraEnv`, [], list, "More variables of its container, such as HTTPS_PROXY."],
  [`${name}.prometheusPort`, "", whole, "`--prometheus-port`"],
];

/** The affinity that MIC's pods had from the start: each on a node of its own where that is possible. */
const apart = {
  podAntiAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [
      {
        weight: 1,
        podAffinityTerm: {
          topologyKey: "kubernetes.io/hostname",
          labelSelector: {
            matchExpressions: [{ key: "app.kubernetes.io/component", operator: "In", values: ["mic"] }],
          },
        },
      },
    ],
  },
};

const mic: readonly ValueRow[] = [
  ...component("mic"),
  ["mic.priorityClassName", "system-cluster-critical", text, "Priority of MIC, which every new pod's identity needs."],
  ["mic.replicas", 2, count, "How many run; one leads."],
  [
    "mic.resources",
    { limits: { cpu: "200m", memory: "1024Mi" }, requests: { cpu: "100m", memory: "256Mi" } },
    map,
    "Its resources.",
  ],
  [
    "mic.tolerations",
    [
      { key: "CriticalAddonsOnly", operator: "Exists" },
      { key: "node-role.kubernetes.io/control-plane", operator: "Exists", effect: "NoSchedule" },
    ],
    list,
    "Taints that MIC's pods bear; as delivered, those of nodes for the system.",
  ],
  ["mic.affinity", apart, map, "As delivered, each on a node of its own where that is possible."],
  ["mic.topologySpreadConstraints", [], list, "How its pods spread."],
  ["mic.podDisruptionBudget", {}, map, "`minAvailable` or `maxUnavailable` of a PodDisruptionBudget; none when empty."],
  ["mic.leaderElection.instance", "", text, "`--leader-election-instance`"],
  [
    "mic.leaderElection.namespace",
    "",
    text,
    "`--leader-election-namespace`; `default` when empty, where releases before 2.0 have their lock.",
  ],
  ["mic.leaderElection.name", "", text, "`--leader-election-name`"],
  ["mic.leaderElection.duration", "", duration, "`--leader-election-duration`"],
  ["mic.legacyLock", true, yesNo, "`--legacy-lock`: `false` once no MIC of a release before 2.0 can come back."],
  ["mic.probePort", "", whole, "`--http-probe-port`; 8080 when empty."],
  ["mic.syncRetryDuration", "", duration, "`--syncRetryDuration`"],
  ["mic.immutableUserMSIs", [], list, "`--immutable-user-msis`"],
  ["mic.createDeleteBatch", "", whole, "`--createDeleteBatch`"],
  ["mic.clientQps", "", number, "`--clientQps`"],
  [
    "mic.cloudConfig",
    "/etc/kubernetes/azure.json",
    text,
    "azure.json on the nodes: `--cloudconfig` and its mount; unused with `adminsecret`.",
  ],
  ["mic.customCloud.enabled", false, yesNo, "Mount the endpoints file of a custom cloud, and tell MIC of it."],
  ["mic.customCloud.configPath", "/etc/kubernetes/akscustom.json", text, "That file on the nodes."],
  ["mic.updateUserMSIMaxRetry", "", whole, "`--update-user-msi-max-retry`"],
  ["mic.updateUserMSIRetryInterval", "", duration, "`--update-user-msi-retry-interval`"],
  ["mic.identityAssignmentReconcileInterval", "", duration, "`--identity-assignment-reconcile-interval`"],
  ["mic.enableTypeUpgrade", true, yesNo, "`--enable-type-upgrade`"],
  ["mic.machineScopes", [], list, "`--machine-scopes`"],
  ["mic.armApiVersion", "", text, "`--arm-api-version`"],
];

const nmi: readonly ValueRow[] = [
  ...component("nmi"),
  [
    "nmi.priorityClassName",
    "system-node-critical",
    text,
    "Priority of NMI, without which the pods of its node get no token.",
  ],
  [
    "nmi.resources",
    { limits: { cpu: "200m", memory: "512Mi" }, requests: { cpu: "100m", memory: "256Mi" } },
    map,
    "Its resources.",
  ],
  [
    "nmi.updateStrategy",
    {},
    map,
    "How NMI rolls out; when empty, a new NMI serves before the old one of its node stops (`maxSurge: 1`).",
  ],
  ["nmi.tolerations", [{ operator: "Exists" }], list, "Taints that NMI's pods bear."],
  ["nmi.affinity", {}, map, "Its affinity."],
  ["nmi.ipTableUpdateTimeIntervalInSeconds", "", whole, "`--ipt-update-interval-sec`"],
  ["nmi.micNamespace", "", text, "`--MICNamespace`, which has no effect: NMI knows MIC by its service account."],
  ["nmi.probePort", "8085", whole, "`--http-probe-port`"],
  ["nmi.retryAttemptsForCreated", "", whole, "`--retry-attempts-for-created`"],
  ["nmi.retryAttemptsForAssigned", "", whole, "`--retry-attempts-for-assigned`"],
  ["nmi.findIdentityRetryIntervalInSeconds", "", whole, "`--find-identity-retry-interval`"],
  ["nmi.enableScaleFeatures", true, yesNo, "`--enableScaleFeatures`"],
  ["nmi.blockInstanceMetadata", "", yesNo, "`--block-instance-metadata`"],
  ["nmi.metadataHeaderRequired", true, yesNo, "`--metadata-header-required`"],
  ["nmi.allowNetworkPluginKubenet", false, yesNo, "`--allow-network-plugin-kubenet`"],
  ["nmi.kubeletConfig", "/etc/default/kubelet", text, "`--kubelet-config` and its mount."],
  ["nmi.setRetryAfterHeader", false, yesNo, "`--set-retry-after-header`"],
  ["nmi.enableConntrackDeletion", true, yesNo, "`--enable-conntrack-deletion`"],
  ["nmi.imdsGuard", true, yesNo, "`--imds-guard`"],
  ["nmi.exceptionNamespaces", [], list, "`--exception-namespaces`"],
  ["nmi.allowCrossNamespaceSecrets", false, yesNo, "`--allow-cross-namespace-secrets`"],
  ["nmi.allowedADEndpoints", [], addresses, "`--allowed-ad-endpoints`"],
  ["nmi.hostTokenUIDs", [], list, "`--host-token-uids`"],
  ["nmi.tokenCache", true, yesNo, "`--token-cache`"],
  [
    "nmi.customCloud.enabled",
    false,
    yesNo,
    "Mount the endpoints file of a custom cloud, whose authority is then allowed.",
  ],
  ["nmi.customCloud.configPath", "/etc/kubernetes/akscustom.json", text, "That file on the nodes."],
  [
    "nmi.cleanUpOnUninstall",
    true,
    yesNo,
    "A hook tells NMI of `helm uninstall`, so that it removes its iptables rules from the nodes. Without `rbac.enabled` the namespace's default account has to be allowed to patch the DaemonSet.",
  ],
];

/** Every value of the chart: its name, what it is when not given, what it may be, and what it does. */
export const chartValues: readonly ValueRow[] = [
  ["nameOverride", "", text, "In place of `aad-pod-identity` in the names of objects."],
  ["fullnameOverride", "", text, "In place of release and chart in the names of the two roles for users."],
  ["image.repository", "ghcr.io/aad-pod-identity", text, "Where the images are."],
  ["image.imagePullPolicy", "IfNotPresent", choice("Always", "IfNotPresent", "Never"), "When nodes pull them."],
  ["imagePullSecrets", [], list, "Secrets to pull them with, as `- name: …`."],
  ["forceNamespaced", "false", yesNo, "Identities may be used only by pods of their own namespace."],
  [
    "installMICException",
    "true",
    yesNo,
    "Make the AzurePodIdentityExceptions of MIC and of the add-ons of AKS in `kube-system`.",
  ],
  [
    "adminsecret",
    {},
    map,
    "How MIC signs in to Azure without azure.json: `cloud`, `subscriptionID`, `resourceGroup`, `vmType`, `tenantID`, `clientID`, `clientSecret`; for a managed identity also `useMSI` and `userAssignedMSIClientID`.",
  ],
  ["operationMode", "standard", choice("standard", "managed"), "`managed` does without MIC: docs/nmi.md."],
  ["customUserAgent", "", text, "`--custom-user-agent` of both."],
  ["rbac.enabled", true, yesNo, "Make service accounts, roles and bindings."],
  ["rbac.allowAccessToSecrets", true, yesNo, "Let NMI read the Secrets of service principals."],
  ["rbac.pspEnabled", false, yesNo, "Make PodSecurityPolicies, where the cluster still has them (before 1.25)."],
  [
    "rbac.createUserFacingClusterRoles",
    false,
    yesNo,
    "Let viewers and editors of namespaces see and edit our objects.",
  ],
  [
    "azureIdentities",
    {},
    { schema: { type: ["object", "array"] }, text: "map" },
    "AzureIdentities with their bindings, by name. Each has `clientID`, `resourceID` or, of `type` 1 and 2, `tenantID` and `clientPassword` (`name`, `namespace`), and `binding.selector`; it may have `name`, `namespace`, `annotations`, `auxiliaryTenantIDs`, `adEndpoint`, `adResourceID`, `binding.name` and `binding.weight`.",
  ],
  [
    "crds.upgrade",
    true,
    yesNo,
    "A hook brings the CRDs to this chart's version, which Helm itself does not. Without `rbac.enabled` the namespace's default account has to be allowed that.",
  ],
  ["admissionPolicies.records", true, yesNo, "Only MIC may write AzureAssignedIdentities (Kubernetes 1.30 or newer)."],
  [
    "admissionPolicies.identities",
    true,
    yesNo,
    "Refuse AzureIdentities with a wrong type or resource ID (Kubernetes 1.30 or newer).",
  ],
  ["podMonitor.enabled", false, yesNo, "Make PodMonitors of the Prometheus operator."],
  ["podMonitor.labels", {}, map, "Their labels, by which a Prometheus chooses them."],
  ["podMonitor.interval", "", duration, "How often to scrape; as the Prometheus does when empty."],
  ...mic,
  ...nmi,
];

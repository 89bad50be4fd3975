import { type MachineScope, readScopes } from "../api/machine-scope.ts";
import { type ConfigOf, decimal, duration, list, listOf, modes, text, whole, yesNo } from "../base/options.ts";

const port = { min: 0, max: 65535 } as const;

/** Every setting of MIC beside the logging flags. Flag and variable names are a public contract: spelled out. */
export const micOptions = {
  kubeconfig: text({ flag: "kubeconfig", fallback: "", help: "Path of a kubeconfig; in-cluster access when empty." }),
  cloudConfigFile: text({
    flag: "cloudconfig",
    fallback: "",
    help: "Path of azure.json; environment variables such as CLOUD and TENANT_ID when empty.",
  }),
  forceNamespaced: yesNo({
    flag: "forceNamespaced",
    env: "FORCENAMESPACED",
    envOn: "true",
    fallback: false,
    help: "Identities may be used only by pods of their own namespace.",
  }),
  resyncMs: duration({
    flag: "syncRetryDuration",
    fallback: 3_600_000,
    minMs: 1_000,
    help: "How often everything is looked at again, whether something changed or not.",
  }),
  leaderInstance: text({
    flag: "leader-election-instance",
    fallback: "",
    help: "Name of this instance in the lease; the host's name when empty.",
  }),
  leaderNamespace: text({ flag: "leader-election-namespace", fallback: "default", help: "Namespace of the lease." }),
  leaderName: text({ flag: "leader-election-name", fallback: "aad-pod-identity-mic", help: "Name of the lease." }),
  leaderDurationMs: duration({
    flag: "leader-election-duration",
    fallback: 15_000,
    minMs: 1_000,
    help: "How long a leader that is not heard of keeps the lease.",
  }),
  legacyLock: yesNo({
    flag: "legacy-lock",
    fallback: true,
    help: "Lead only while the Endpoints record of releases before 2.0 is held too, so that one of them never leads beside this one.",
  }),
  probePort: whole({
    ...port,
    flag: "http-probe-port",
    fallback: 8080,
    help: "Port of the probes /healthz, /livez and /readyz; 0 takes a free one.",
  }),
  prometheusPort: whole({
    ...port,
    flag: "prometheus-port",
    fallback: 8888,
    help: "Port of the metrics; 0 takes a free one.",
  }),
  enableProfile: yesNo({
    flag: "enableProfile",
    fallback: false,
    help: "Serve profiles on localhost:6060: /debug/pprof/profile?seconds=30 (a .cpuprofile) and /debug/pprof/heap.",
  }),
  enableScaleFeatures: yesNo({
    flag: "enableScaleFeatures",
    fallback: false,
    deprecated: "they are always on; it has no effect",
    help: "Features for large clusters.",
  }),
  createDeleteBatch: whole({
    flag: "createDeleteBatch",
    fallback: 20,
    min: 1,
    help: "How many AzureAssignedIdentities of one machine are written at once.",
  }),
  clientQps: decimal({
    flag: "clientQps",
    fallback: 100,
    min: 0.1,
    help: "Requests a second to the API server; twice as many may go at once after a quiet time.",
  }),
  pinnedClientIds: list({
    flag: "immutable-user-msis",
    fallback: [],
    help: "Client IDs of identities that are never taken off a machine. Any other goes with the last pod that uses it, even where it was on the machine before.",
  }),
  machineScopes: listOf<MachineScope>(
    {
      flag: "machine-scopes",
      fallback: [],
      help: "Further subscriptions and resource groups with machines of the cluster, as ARM IDs.",
    },
    readScopes,
  ),
  configMapName: text({
    flag: "config-map-name",
    fallback: "aad-pod-identity-config",
    help: "ConfigMap in MIC's namespace that records the type upgrade.",
  }),
  typeUpgradeKey: text({
    flag: "type-upgrade-status-key",
    fallback: "type-upgrade-status",
    help: "Its key.",
  }),
  enableTypeUpgrade: yesNo({
    flag: "enable-type-upgrade",
    fallback: true,
    help: "Write objects in the spelling of releases before 1.6 anew, once in the life of a cluster.",
  }),
  updateMaxRetry: whole({
    flag: "update-user-msi-max-retry",
    fallback: 2,
    min: 0,
    help: "How often the rest of a refused update is sent at once without the identities that Azure names; after that in halves, and later by itself.",
  }),
  updateRetryIntervalMs: duration({
    flag: "update-user-msi-retry-interval",
    fallback: 1_000,
    raisedToMs: 1,
    help: "Pause before the rest of a refused update is sent, and the first one after an update of a machine has failed; later ones grow to a minute. 0 counts as 1ms.",
  }),
  reconcileIntervalMs: duration({
    flag: "identity-assignment-reconcile-interval",
    fallback: 180_000,
    minMs: 1_000,
    help: "How often machines are compared with what they shall carry, so that what somebody took off comes back.",
  }),
  armApiVersion: text({
    flag: "arm-api-version",
    fallback: "",
    help: "The api-version of VMs and scale sets to ask of a cloud that is behind; the SDK's when empty.",
  }),
  dryRun: modes({
    flag: "dry-run",
    modes: ["text", "json"],
    help: "Print what would be done now, as text or with =json as JSON, change nothing and exit.",
  }),
  customUserAgent: text({ flag: "custom-user-agent", fallback: "", help: "Appended to the user agent of all calls." }),
};

/** Variables beside those of flags, by name; those that stand in for azure.json are a table of their own. */
export const micVariables: Readonly<Record<string, string>> = {
  MIC_POD_NAMESPACE: "The namespace that MIC runs in; required.",
  AZURE_ENVIRONMENT_FILEPATH: "The JSON file with the endpoints of the cloud AzureStackCloud.",
  AZURE_POD_IDENTITY_AUTHORITY_HOST:
    "Where MIC asks for tokens of its own managed identity, in place of http://169.254.169.254.",
};

export type MicConfig = ConfigOf<typeof micOptions>;

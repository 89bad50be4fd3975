import { kubeconfigOf } from "./kube/kubeconfig.ts";
import type { ProgramName } from "./program.ts";

/** A folder of the test's own with the files that rows name. */
export type Place = {
  readonly folder: string;
  /** A port of 127.0.0.1 on which something listens already. */
  readonly takenPort: number;
  /** A port of 127.0.0.1 on which nothing listens. */
  readonly freePort: number;
};

export type Problem = {
  readonly cause: string;
  readonly program: ProgramName;
  readonly args: (place: Place) => readonly string[];
  readonly env?: (place: Place) => Readonly<Record<string, string>>;
  /** What the program says, without its name before it and the time; `…` stands for what differs from run to run. */
  readonly sentence: string;
  /** Absent: the program goes on and tries again, since the cause may pass. */
  readonly exit?: number;
};

/** Files that rows name, made in the place's folder. */
export const files: Readonly<Record<string, (place: Place) => string>> = {
  "broken.json": () => "{",
  "half.json": () => '{"cloud":"AzurePublicCloud"}',
  "unknown-cloud.json": () => azureJson("Azurre"),
  "azure.json": () => azureJson("AzurePublicCloud"),
  kubeconfig: ({ freePort }) => kubeconfigOf({ server: `http://127.0.0.1:${freePort}`, token: "t" }),
  kubelet: () => "KUBELET_FLAGS=--cloud-provider=azure --network-plugin=kubenet\n",
  "odd-address": () => kubeconfigOf({ server: "ftp://127.0.0.1", token: "t" }),
};

function azureJson(cloud: string): string {
  const names = {
    tenantId: "t",
    subscriptionId: "s",
    resourceGroup: "g",
    aadClientId: "id-of-mic",
    aadClientSecret: "x",
  };
  return JSON.stringify({ cloud, ...names });
}

const anyPort = ["--http-probe-port=0", "--prometheus-port=0"];
const inNamespace = () => ({ MIC_POD_NAMESPACE: "default" });
const cluster = ({ folder }: Place) => `--kubeconfig=${folder}/kubeconfig`;
const cloud = (file: string) => (place: Place) => [cluster(place), `--cloudconfig=${place.folder}/${file}`, ...anyPort];
const kubeconfig = ({ folder }: Place) => ({ KUBECONFIG: `${folder}/kubeconfig` });
const nmi = ["--node=node-0", "--skip-iptables", "--allow-network-plugin-kubenet", ...anyPort];

/**
 * What can be wrong when a program starts: the cause, the sentence, the exit code. docs/reference/problems.md is
 * generated from here, and test/e2e/problems.test.ts brings each about.
 */
export const problems: readonly Problem[] = [
  {
    cause: "an unknown flag",
    program: "mic",
    args: () => ["--clowdconfig=/etc/kubernetes/azure.json"],
    env: inNamespace,
    sentence: 'unknown flag --clowdconfig (did you mean --cloudconfig?); run "mic --help" for all flags',
    exit: 2,
  },
  {
    cause: "several wrong flags",
    program: "nmi",
    args: () => ["--node=node-0", "--nmi-port=http", "--block-instance-metadata=maybe", "now"],
    sentence:
      '--nmi-port: "http" is not a whole number from 0 to 65535; --block-instance-metadata: "maybe" is not true or false; unexpected argument "now"; run "nmi --help" for all flags',
    exit: 2,
  },
  {
    cause: "an unknown flag",
    program: "demo",
    args: () => ["--resource=x"],
    sentence: 'unknown flag --resource; run "demo --help" for all flags',
    exit: 2,
  },
  {
    cause: "an unknown command",
    program: "podid",
    args: () => ["walk"],
    sentence: "unknown command 'walk'; run \"podid --help\" for all commands",
    exit: 2,
  },
  {
    cause: "an unknown flag",
    program: "podid",
    args: () => ["walkthrough", "--lists"],
    sentence: "unknown option '--lists' (Did you mean --list?); run \"podid walkthrough --help\" for its options",
    exit: 2,
  },
  {
    cause: "a walkthrough that there is not",
    program: "podid",
    args: () => ["walkthrough", "standart"],
    sentence:
      'there is no walkthrough "standart": choose one of standard, older-yaml, several-identities, namespaced, managed-mode, service-principals',
    exit: 2,
  },
  {
    cause: "no kubectl where one is named",
    program: "podid",
    args: () => ["walkthrough", "--kubectl=/nowhere"],
    sentence: '--kubectl takes auto, none or the path of a program, not "/nowhere"',
    exit: 2,
  },
  {
    cause: "a wrong value",
    program: "podid",
    args: () => ["walkthrough", "--timeout=soon"],
    sentence: '--timeout takes a whole number of seconds from 1 to 9999, not "soon"',
    exit: 2,
  },
  {
    cause: "a wrong flag and no namespace",
    program: "mic",
    args: () => ["--createDeleteBatch=0"],
    sentence:
      '--createDeleteBatch: "0" is not a whole number of at least 1; namespace not specified. Please add meta.namespace as env variable MIC_POD_NAMESPACE; run "mic --help" for all flags',
    exit: 2,
  },
  {
    cause: "no namespace",
    program: "mic",
    args: cloud("azure.json"),
    sentence:
      'namespace not specified. Please add meta.namespace as env variable MIC_POD_NAMESPACE; run "mic --help" for all flags',
    exit: 2,
  },
  {
    cause: "a missing kubeconfig",
    program: "mic",
    args: ({ folder }) => [`--kubeconfig=${folder}/nowhere`, `--cloudconfig=${folder}/azure.json`, ...anyPort],
    env: inNamespace,
    sentence: "cannot read the kubeconfig …/nowhere: there is no such file; give the path of one",
    exit: 2,
  },
  {
    cause: "a missing kubeconfig",
    program: "nmi",
    args: () => nmi,
    env: ({ folder }) => ({ KUBECONFIG: `${folder}/nowhere` }),
    sentence: "cannot read the kubeconfig …/nowhere: there is no such file; give the path of one",
    exit: 2,
  },
  {
    cause: "a missing kubeconfig",
    program: "podid",
    args: ({ folder }) => ["walkthrough", `--with-real-kubernetes=${folder}/nowhere`],
    sentence: "cannot read the kubeconfig …/nowhere: there is no such file; give the path of one",
    exit: 2,
  },
  {
    cause: "a missing azure.json",
    program: "mic",
    args: cloud("nowhere.json"),
    env: inNamespace,
    sentence:
      "cannot read …/nowhere.json (ENOENT): correct --cloudconfig or the file's permissions; MIC waits until it is corrected",
  },
  {
    cause: "a malformed azure.json",
    program: "mic",
    args: cloud("broken.json"),
    env: inNamespace,
    sentence:
      "the cloud configuration in …/broken.json cannot be used: it is neither JSON nor YAML, see line 1; MIC waits until it is corrected",
  },
  {
    cause: "azure.json without credentials",
    program: "mic",
    args: cloud("half.json"),
    env: inNamespace,
    sentence:
      "the cloud configuration in …/half.json cannot be used: subscriptionId, resourceGroup, tenantId, aadClientId, aadClientSecret missing or empty; MIC waits until it is corrected",
  },
  {
    cause: "an unknown cloud",
    program: "mic",
    args: cloud("unknown-cloud.json"),
    env: inNamespace,
    sentence:
      'the cloud configuration in …/unknown-cloud.json cannot be used: There is no cloud environment matching the name "Azurre": set cloud to one of AzurePublicCloud, AzureCloud, AzureUSGovernmentCloud, AzureUSGovernment, AzureChinaCloud, AzureGermanCloud, AzureStackCloud; MIC waits until it is corrected',
  },
  {
    cause: "an unreachable API server",
    program: "mic",
    args: cloud("azure.json"),
    env: inNamespace,
    sentence:
      "cannot reach the API server at http://127.0.0.1:… (ECONNREFUSED): check the address, the network and the server's certificate",
  },
  {
    cause: "an unreachable API server",
    program: "nmi",
    args: () => [...nmi, "--nmi-port=0"],
    env: kubeconfig,
    sentence:
      "cannot reach the API server at http://127.0.0.1:… (ECONNREFUSED): check the address, the network and the server's certificate",
  },
  {
    cause: "an unreachable API server",
    program: "podid",
    args: ({ folder }) => ["walkthrough", `--with-real-kubernetes=${folder}/kubeconfig`],
    sentence:
      "cannot reach the API server at http://127.0.0.1:… (ECONNREFUSED): check the address, the network and the server's certificate",
    exit: 1,
  },
  {
    cause: "a kubeconfig with an address that is none",
    program: "podid",
    args: ({ folder }) => ["walkthrough", `--with-real-kubernetes=${folder}/odd-address`],
    sentence:
      "cannot reach the API server at ftp://127.0.0.1 (ERR_INVALID_PROTOCOL): check the address, the network and the server's certificate",
    exit: 1,
  },
  {
    cause: "no path of a kubeconfig",
    program: "podid",
    args: () => ["walkthrough", "--with-real-kubernetes="],
    sentence: "--with-real-kubernetes is empty: give the path of a kubeconfig",
    exit: 2,
  },
  {
    cause: "no folder for temporary files",
    program: "podid",
    args: () => ["walkthrough"],
    env: ({ folder }) => ({ TMPDIR: `${folder}/nowhere` }),
    sentence: "cannot make a folder in …/nowhere (ENOENT): point TMPDIR to one that you may write to",
    exit: 2,
  },
  {
    cause: "a port in use",
    program: "mic",
    args: (place) => [...cloud("azure.json")(place), `--http-probe-port=${place.takenPort}`],
    env: inNamespace,
    sentence: "cannot listen on …:…: another program uses the port; stop it or choose another with --http-probe-port",
    exit: 1,
  },
  {
    cause: "a port in use",
    program: "nmi",
    args: ({ takenPort }) => [...nmi, `--http-probe-port=${takenPort}`],
    env: kubeconfig,
    sentence:
      "cannot listen on …:…: another program uses the port; stop it or choose another with --http-probe-port; it is tried again",
  },
  {
    cause: "an address of the metadata service that pods do not send to",
    program: "nmi",
    args: () => [...nmi, "--metadata-ip=0.0.0.0", "--metadata-port=0"],
    env: kubeconfig,
    sentence:
      '--metadata-port: "0" is not a whole number from 1 to 65535; --metadata-ip=0.0.0.0 is no machine\'s address: give the one of the instance metadata service, which in Azure is 169.254.169.254; run "nmi --help" for all flags',
    exit: 2,
  },
  {
    cause: "one port for two of its listeners",
    program: "mic",
    args: () => ["--http-probe-port=8888"],
    env: inNamespace,
    sentence:
      '--http-probe-port and --prometheus-port would listen on one port, 8888: choose different ones; run "mic --help" for all flags',
    exit: 2,
  },
  {
    cause: "one port for two of its listeners",
    program: "nmi",
    args: () => ["--node=node-0", "--http-probe-port=9090"],
    env: kubeconfig,
    sentence:
      '--http-probe-port and --prometheus-port would listen on one port, 9090: choose different ones; run "nmi --help" for all flags',
    exit: 2,
  },
  {
    cause: "a DaemonSet without its namespace",
    program: "nmi",
    args: () => [...nmi, "--daemonset=nmi"],
    env: kubeconfig,
    sentence:
      '--daemonset=nmi names no DaemonSet: write <namespace>/<name>, or leave it out; run "nmi --help" for all flags',
    exit: 2,
  },
  {
    cause: "a check by client ID without a secret to read",
    program: "identityvalidator",
    args: () => ["--identity-client-id=c"],
    sentence:
      '--keyvault-name is empty: name the Key Vault to read; --keyvault-secret-name is empty: name the secret to read; run "identityvalidator --help" for all flags',
    exit: 2,
  },
  {
    cause: "no file of the kubelet's",
    program: "nmi",
    args: ({ folder }) => ["--node=node-0", `--kubelet-config=${folder}/absent`, ...anyPort],
    env: kubeconfig,
    sentence:
      "failed to check if CNI plugin is kubenet, error: …. Mount the node's file with the kubelet's flags there (type FileOrCreate), name another with --kubelet-config, or leave the check out with --allow-network-plugin-kubenet",
    exit: 2,
  },
  {
    cause: "a node with kubenet",
    program: "nmi",
    args: ({ folder }) => ["--node=node-0", `--kubelet-config=${folder}/kubelet`, ...anyPort],
    env: kubeconfig,
    sentence:
      "AAD Pod Identity is not supported for Kubenet. Review https://azure.github.io/aad-pod-identity/docs/configure/aad_pod_identity_on_kubenet/ for more details. … names it; where a policy keeps NET_RAW from pods, start NMI with --allow-network-plugin-kubenet",
    exit: 3,
  },
  {
    cause: "managed mode across namespaces",
    program: "nmi",
    args: () => [...nmi, "--operation-mode=managed"],
    env: kubeconfig,
    sentence:
      'failed to initialize token client, error: managed mode not intialized in force namespaced mode: add --forceNamespaced, since without MIC identities count in their own namespace only; run "nmi --help" for all flags',
    exit: 2,
  },
  {
    cause: "no node name",
    program: "nmi",
    args: () => ["--skip-iptables", ...anyPort],
    env: kubeconfig,
    sentence: '--node is empty: give the name of the node that NMI runs on; run "nmi --help" for all flags',
    exit: 2,
  },
];

export type ObjectProblem = {
  readonly cause: string;
  /** The AzureIdentity's spec. */
  readonly spec: object;
  /** What MIC's log and the events on the AzureIdentity and the pod say of it. */
  readonly sentence: string;
};

const RESOURCE_ID_FORM =
  "/subscriptions/<subid>/resourcegroups/<resourcegroup>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>";

/** What can be wrong in an AzureIdentity. MIC goes on with everything else, and takes it up once it is mended. */
export const objectProblems: readonly ObjectProblem[] = [
  {
    cause: "a malformed resource ID",
    spec: { type: 0, resourceID: "/subscriptions/s/userAssignedIdentities/demo", clientID: "c" },
    sentence: `invalid resource id: "/subscriptions/s/userAssignedIdentities/demo", must match ${RESOURCE_ID_FORM}`,
  },
  {
    cause: "an unknown type",
    spec: { type: 7, clientID: "c" },
    sentence:
      "unknown type 7: set spec.type to 0 (user-assigned identity), 1 (service principal with client secret), 2 (service principal with certificate)",
  },
];

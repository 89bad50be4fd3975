import { isDeepStrictEqual } from "node:util";
import { stringify } from "yaml";
import { CHART, type Values } from "../../support/chart/helm.ts";
import { type Cluster, NODES } from "./cluster.ts";
import { timed } from "./part-times.ts";
import { told } from "./runners.ts";

/** The namespace that guides install into. */
export const SYSTEM = "kube-system";
export const RELEASE = "aad-pod-identity";

/** Every pod has the certificate of the cluster's authority, by which Azure's stand-ins are known. */
const CA_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";
export const trust = { name: "NODE_EXTRA_CA_CERTS", value: CA_FILE } as const;

const customCloud = { enabled: true };
/** What this cluster needs to be given, as a cloud of one's own; drift and failures are looked after soon. */
const clusterValues = {
  mic: { customCloud, extraEnv: [trust], identityAssignmentReconcileInterval: "5s", syncRetryDuration: "5s" },
  nmi: { customCloud, extraEnv: [trust], ipTableUpdateTimeIntervalInSeconds: 5 },
};

/** Values of the chart for this cluster, with others over them, of which `mic` and `nmi` are put together. */
function valuesWith({ mic = {}, nmi = {}, ...others }: Wishes = {}): Values {
  return { ...others, mic: { ...clusterValues.mic, ...mic }, nmi: { ...clusterValues.nmi, ...nmi } };
}
export type Wishes = Values & { readonly mic?: Values; readonly nmi?: Values };

/** The chart is installed with these values, and serves: a no-op where it already is so. */
export async function installed(cluster: Cluster, wishes: Wishes = {}, ...flags: readonly string[]): Promise<void> {
  const values = valuesWith(wishes);
  if (isDeepStrictEqual(await valuesOf(cluster), values)) return;
  const args = ["upgrade", "--install", RELEASE, CHART, "--namespace", SYSTEM, "--wait", "--timeout=3m", "--values=-"];
  const input = stringify(values);
  told(await timed("chart installed", () => cluster.helm([...args, ...flags], { input })));
}

/** `helm uninstall`; nothing happens where it is not installed. */
export async function uninstalled(cluster: Cluster): Promise<void> {
  const args = ["uninstall", RELEASE, "--namespace", SYSTEM, "--wait", "--timeout=3m", "--ignore-not-found"];
  told(await cluster.helm(args));
  const nmi = `--selector=app.kubernetes.io/component in (nmi,mic)`;
  await cluster.kubectl("wait", "pod", nmi, "--namespace", SYSTEM, "--for=delete", "--timeout=2m");
}

async function valuesOf(cluster: Cluster): Promise<unknown> {
  const { code, stdout } = await cluster.helm(["status", RELEASE, "--namespace", SYSTEM, "--output=json"]);
  if (code !== 0) return undefined;
  const { info, config } = JSON.parse(stdout) as {
    readonly info: { readonly status: string };
    readonly config: unknown;
  };
  return info.status === "deployed" ? config : undefined;
}

/** NMI's rules on a node, as iptables prints them; empty where there are none. */
export async function nmiRules(cluster: Cluster, node: number): Promise<readonly string[]> {
  const command = "iptables-nft-save; iptables-legacy-save; ip6tables-nft-save; ip6tables-legacy-save";
  const { stdout } = await cluster.onNode(node, ["sh", "-c", `{ ${command}; } 2>/dev/null`]);
  return stdout.split("\n").filter((line) => line.includes("aad-metadata"));
}

/** The pods of MIC or NMI, as the API server has them. */
export async function podsOf(cluster: Cluster, component: "mic" | "nmi") {
  const selector = `--selector=app.kubernetes.io/component=${component}`;
  const { items } = await cluster.get("pods", "--namespace", SYSTEM, selector);
  return items as readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly nodeName: string };
    readonly status: {
      readonly podIP: string;
      readonly conditions?: readonly { readonly type: string; readonly status: string }[];
      readonly containerStatuses?: readonly { readonly state: { readonly running?: { readonly startedAt: string } } }[];
    };
  }[];
}

/** When the NMI began that is ready on a node; empty while none is. */
export async function nmiReadySince(cluster: Cluster, node: number): Promise<string> {
  const here = (await podsOf(cluster, "nmi")).filter(({ spec }) => spec.nodeName === `node${node}`);
  const isReady = ({ type, status }: { readonly type: string; readonly status: string }) =>
    type === "Ready" && status === "True";
  const ready = here.find(({ status }) => status.conditions?.some(isReady));
  return ready?.status.containerStatuses?.[0]?.state.running?.startedAt ?? "";
}

/** The pod of MIC that leads; empty while none does. */
export async function leaderOf(cluster: Cluster): Promise<string> {
  const { spec } = await cluster.get("lease", "aad-pod-identity-mic", "--namespace=default");
  return spec.holderIdentity ?? "";
}

export const allNodes = NODES;

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { kubeconfigOf } from "../kube/kubeconfig.ts";
import { identityId } from "../make.ts";
import { type RunningProgram, startProgram } from "../program.ts";
import { type Actor, startActor } from "./actor.ts";
import { METADATA_ADDRESS, makeNetwork, type Network, NODE_ADDRESS } from "./netns.ts";

const CRDS = join(import.meta.dirname, "../../../charts/aad-pod-identity/crds/crd.yaml");
const PODS = "/api/v1/namespaces/default/pods";
const GROUP = "/apis/aadpodidentity.k8s.io/v1/namespaces/default";
const apiVersion = "aadpodidentity.k8s.io/v1";
/** All that NMI has of root's powers. */
const LEAST = ["setpriv", "--bounding-set=-all,+net_admin,+net_raw"];

export type NodeWithPods = AsyncDisposable & {
  readonly network: Network;
  /** A client in each pod, and one on the node itself. */
  readonly pods: readonly Actor[];
  readonly host: Actor;
  /** How many requests the metadata service got, by the asker's address. */
  askers(): Promise<Readonly<Record<string, number>>>;
  /** The port of the API server on the node's loopback. */
  readonly apiPort: number;
  /** The port of the proxy through which NMI asks it. */
  readonly proxyPort: number;
  /** Resets NMI's connections to the API server, or lets nothing pass on them any more without telling; new ones work. */
  trouble(kind: "cut" | "freeze"): Promise<object>;
  /** How many watches NMI has there that are alive. */
  watches(): Promise<number>;
  /** A kubeconfig of an API server that does not answer. */
  readonly deadKubeconfig: string;
  /** Asks the API server; a refusal is a value too. */
  kube(method: string, path: string, body?: object): Promise<object>;
  startNmi(...args: readonly string[]): RunningProgram;
  /** Binds identity `client-<at>` to a pod that has none, and by `assign` it becomes assigned. */
  bind(at: number): Promise<void>;
  assign(at: number): Promise<void>;
  /**
   * The pod's network is gone, and a new pod `next-<at>` with identity `client-next`, or none, has its address. The API
   * server does not tell the address of the new one, nor that the old one is gone.
   */
  replace(at: number, hasIdentity: boolean): Promise<Actor>;
  /** The API server tells of what was replaced as it is. */
  tellReplaced(at: number): Promise<void>;
};

/** A node with three pods: the first has identity `client-0`, the second `client-1`, the third none. NMI is not started. */
export async function startNodeWithPods(): Promise<NodeWithPods> {
  const stack = new AsyncDisposableStack();
  try {
    const network = stack.use(makeNetwork(3));
    const folder = mkdtempSync(join(tmpdir(), "netns-"));
    stack.defer(() => rmSync(folder, { recursive: true }));
    const imds = stack.use(await startActor(network.fabric, "imds", [METADATA_ADDRESS]));
    const api = stack.use(await startActor(network.node, "api"));
    const host = stack.use(await startActor(network.node, "client"));
    const pods: Actor[] = [];
    for (const { namespace } of network.pods) pods.push(stack.use(await startActor(namespace, "client")));
    await fill(api, network);
    const { url, proxyUrl } = await api.ask<{ url: string; proxyUrl: string }>({ url: true });
    writeFileSync(join(folder, "kubeconfig"), kubeconfigOf({ server: proxyUrl }));
    writeFileSync(join(folder, "kubelet"), "");
    const deadKubeconfig = join(folder, "dead-kubeconfig");
    writeFileSync(deadKubeconfig, kubeconfigOf({ server: "http://127.0.0.1:1" }));
    const startNmi = (...args: readonly string[]) => {
      const flags = [
        ...["--retry-attempts-for-created=1", "--retry-attempts-for-assigned=1", "--find-identity-retry-interval=1"],
        "--node=node-0",
        "--http-probe-port=0",
        "--prometheus-port=0",
        `--kubelet-config=${folder}/kubelet`,
      ];
      const through = ["ip", "netns", "exec", network.node, ...LEAST];
      return stack.use(
        startProgram("nmi", [...flags, ...args], { env: { KUBECONFIG: `${folder}/kubeconfig` }, through }),
      );
    };
    return {
      network,
      pods,
      host,
      askers: () => imds.ask({ count: true }),
      deadKubeconfig,
      apiPort: Number(new URL(url).port),
      proxyPort: Number(new URL(proxyUrl).port),
      watches: () => api.ask({ watches: true }),
      trouble: (trouble) => api.ask({ trouble }),
      kube: (method, path, body) => api.ask({ method, path, body }),
      startNmi,
      bind: (at) => bind(api, at),
      assign: (at) => assign(api, at),
      replace: async (at, hasIdentity) => {
        const namespace = network.replacePod(at);
        const name = `next-${at}`;
        await make(api, PODS, podOf(name));
        if (hasIdentity) {
          const { identity, binding, record } = boundObjects(name, "client-next");
          await make(api, `${GROUP}/azureidentities`, identity);
          await make(api, `${GROUP}/azureidentitybindings`, binding);
          await make(api, `${GROUP}/azureassignedidentities`, record);
        }
        return stack.use(await startActor(namespace, "client"));
      },
      tellReplaced: async (at) => {
        await api.ask({ method: "DELETE", path: `${PODS}/pod-${at}?gracePeriodSeconds=0` });
        await tellAddress(api, `next-${at}`, network.pods[at]?.address ?? "");
      },
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (reason) {
    await stack.disposeAsync();
    throw reason;
  }
}

type Askers = Readonly<Record<string, number>>;

/** Addresses that reached the metadata service without NMI since `before`: NMI asks with the node's address. */
export function rawRequests(askers: Askers, before: Askers = {}): string[] {
  const own = [NODE_ADDRESS, METADATA_ADDRESS];
  return Object.keys(askers).filter((address) => !own.includes(address) && askers[address] !== before[address]);
}

async function fill(api: Actor, { pods }: Network): Promise<void> {
  for (const crd of parseAllDocuments(readFileSync(CRDS, "utf8"))) {
    await make(api, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd.toJS());
  }
  for (const [at, { address }] of pods.entries()) {
    const name = `pod-${at}`;
    await make(api, PODS, podOf(name));
    await tellAddress(api, name, address);
    if (at === 2) continue;
    await bind(api, at);
    await assign(api, at);
  }
}

async function tellAddress(api: Actor, pod: string, address: string): Promise<void> {
  const status = { phase: "Running", podIP: address, podIPs: [{ ip: address }] };
  await api.ask({ method: "PATCH", path: `${PODS}/${pod}/status`, body: { status } });
}

async function make(api: Actor, path: string, body: object): Promise<void> {
  const answer = await api.ask<{ code?: number; message?: string }>({ method: "POST", path, body });
  if (answer.code !== undefined) throw new Error(`${path}: ${answer.message}`);
}

async function bind(api: Actor, at: number): Promise<void> {
  const { identity, binding } = boundObjects(`pod-${at}`, `client-${at}`);
  await make(api, `${GROUP}/azureidentities`, identity);
  await make(api, `${GROUP}/azureidentitybindings`, binding);
}

async function assign(api: Actor, at: number): Promise<void> {
  await make(api, `${GROUP}/azureassignedidentities`, boundObjects(`pod-${at}`, `client-${at}`).record);
}

function podOf(name: string): object {
  const metadata = { name, namespace: "default", labels: { aadpodidbinding: name } };
  const spec = { nodeName: "node-0", containers: [{ name: "main", image: "web" }] };
  return { apiVersion: "v1", kind: "Pod", metadata, spec };
}

function boundObjects(pod: string, clientID: string) {
  const meta = (name: string) => ({ name, namespace: "default" });
  const name = `id-of-${pod}`;
  const spec = { type: 0, resourceID: identityId(name), clientID };
  const identity = { apiVersion, kind: "AzureIdentity", metadata: meta(name), spec };
  const bound = { azureIdentity: name, selector: pod };
  const binding = { apiVersion, kind: "AzureIdentityBinding", metadata: meta(`${name}-binding`), spec: bound };
  const assigned = { azureIdentityRef: identity, azureBindingRef: binding, pod, podNamespace: "default" };
  const record = {
    apiVersion,
    kind: "AzureAssignedIdentity",
    metadata: { ...meta(`${pod}-default-${name}`), labels: { nodename: "node-0" } },
    spec: { ...assigned, nodename: "node-0" },
    status: { status: "Assigned" },
  };
  return { identity, binding, record };
}

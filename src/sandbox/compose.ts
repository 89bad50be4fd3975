import { randomBytes } from "node:crypto";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "../base/log.ts";
import { startArm } from "./azure/arm.ts";
import { startEntra } from "./azure/entra.ts";
import { readFaultRule } from "./azure/fault-rule.ts";
import { createWorld, type World } from "./azure/world.ts";
import { AzureUser } from "./azure-user.ts";
import { type Authority, createAuthority } from "./certificates.ts";
import { type SandboxFiles, writeCloudFiles, writeKubeconfig } from "./files.ts";
import { newFolder } from "./folder.ts";
import { cloudVariables, imagesOn } from "./images.ts";
import { startKubeApi } from "./kube-api/server.ts";
import { type Machine, startMachines } from "./machines.ts";
import { componentPods, type PodManifest, type SandboxNode } from "./manifests.ts";
import { makeNamespaces } from "./namespaces.ts";
import { type ChosenNetwork, chooseNetwork, type NetworkWish } from "./network/choice.ts";
import type { Served } from "./network/cluster-network.ts";
import type { KubeAccess } from "./node/api.ts";
import type { Guard } from "./node/guard.ts";
import { type Kubelet, startKubelet } from "./node/kubelet.ts";
import { keeperOf, logsOf } from "./node/logs.ts";
import { MARK, newMark } from "./node/mark.ts";
import { nodeRoot } from "./node/pod-host.ts";
import type { Programs } from "./node/programs.ts";
import { startScheduler } from "./node/scheduler.ts";
import { type PlanWishes, readPlan, type SandboxPlan } from "./plan/plan.ts";
import { PodAccounts } from "./pod-account.ts";

export type SandboxOptions = {
  /** The shipped programs, by the name of their image. */
  readonly programs: Programs;
  readonly log: Log;
  /** Rules of trouble at IMDS, ARM and Entra ID, as `readFaultRule` takes them. */
  readonly faults?: readonly string[];
  /** A Kubernetes API server of the user's own, in place of the embedded one. */
  readonly kubernetes?: { readonly kubeconfig: string; readonly access: KubeAccess };
  /** Nodes, identities and namespaces; a VM and a scale set by default. */
  readonly plan?: PlanWishes;
  /** What connects nodes and pods; forwarders by default. */
  readonly network?: NetworkWish;
};

/** A cluster on Azure, all of it on this machine. Disposing of it ends every process and removes every file. */
export type Sandbox = AsyncDisposable & {
  readonly folder: string;
  readonly kubeconfig: string;
  /** What the kubeconfig says, where the sandbox has made it; else what it came to. */
  readonly access: KubeAccess;
  readonly nodes: readonly SandboxNode[];
  /** Pods that run MIC and NMI here. */
  readonly manifests: readonly PodManifest[];
  readonly azure: AzureUser;
  /** Those that were asked for. */
  readonly identities: readonly PlannedIdentity[];
  /** Environment of programs that end with the sandbox, with all that they start, however it ends. */
  readonly marked: Readonly<Record<string, string>>;
  /** Which network it has and why, in one line. */
  readonly network: string;
  /** Whether NMI listens on a node. */
  hasNmi(node: string): Promise<boolean>;
  /** How many tokens the metadata services have given so far. */
  tokensGiven(): number;
  /** The file that holds what a pod's container printed; undefined for a pod that never ran here. */
  logOf(namespace: string, pod: string): string | undefined;
};

/** A change of a machine takes its time, as in Azure: until then IMDS does not know the identity. */
const OPERATION_MS = 500;

/**
 * Starts a cluster, of two nodes unless it is asked for others, with Azure around it. Everything listens on
 * loopback; its files are in one temporary folder.
 * @throws Fault when something cannot start; nothing is left behind then
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const stack = new AsyncDisposableStack();
  try {
    const sandbox = await compose(stack, options);
    return { ...sandbox, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (reason) {
    await stack.disposeAsync();
    throw reason;
  }
}

/** A user-assigned identity. */
type PlannedIdentity = { readonly name: string; readonly id: string; readonly clientId: string };

type Parts = {
  readonly plan: SandboxPlan;
  readonly stack: AsyncDisposableStack;
  readonly options: SandboxOptions;
  readonly folder: string;
  readonly guard: Guard;
  readonly authority: Authority;
  readonly chosen: ChosenNetwork;
  readonly world: World;
  /** Those that run; the API server asks them for logs. */
  readonly kubelets: Kubelet[];
};

async function compose(
  stack: AsyncDisposableStack,
  options: SandboxOptions,
): Promise<Omit<Sandbox, keyof AsyncDisposable>> {
  const rules = (options.faults ?? []).map((text) => readFaultRule(text));
  const plan = readPlan(options.plan ?? {});
  const { folder, guard } = await newFolder(stack, options.log);
  const obstacle = options.kubernetes && "pods in namespaces could not reach an API server of your own";
  const chosen = await chooseNetwork({ wish: options.network ?? "forwarders", obstacle, guard, folder });
  stack.use(chosen.network);
  const parts: Parts = {
    plan,
    stack,
    options,
    folder,
    guard,
    chosen,
    kubelets: [],
    authority: await createAuthority(),
    world: await createWorld(),
  };
  for (const rule of rules) parts.world.traffic.inject(rule);
  const kubernetes = await startKubernetes(parts);
  const identities = plan.identities.map((place) => parts.world.createIdentity(place));
  const { azure, files } = await startAzure(parts, kubernetes.kubeconfig);
  const machines = await startMachines(stack, { world: parts.world, network: chosen.network, plan });
  const cluster = { kubernetes, files, armUrl: azure.armUrlInPods };
  parts.kubelets.push(...(await Promise.all(machines.map((machine) => startNode(parts, machine, cluster)))));
  const nodes = machines.map(({ node }) => node);
  const names = nodes.map(({ name }) => name);
  stack.use(startScheduler({ access: kubernetes.access, nodes: names, log: options.log }));
  stack.use(await makeNamespaces(kubernetes.access, plan.namespaces));
  return {
    ...{
      folder,
      kubeconfig: kubernetes.kubeconfig,
      access: kubernetes.access,
      nodes,
      azure,
      marked: { [MARK]: newMark(guard.mark) },
      network: chosen.says,
    },
    identities: identities.map(({ name, id, clientId }) => ({ name, id, clientId })),
    manifests: componentPods(nodes, files),
    hasNmi: async (name) => (await machines.find(({ node }) => node.name === name)?.place.isServed()) ?? false,
    tokensGiven: () => parts.world.traffic.successes("imds.token"),
    logOf: (namespace, pod) => keeperOf(parts.kubelets, namespace, pod)?.logOf(namespace, pod),
  };
}

/** How this process reaches the API server, and how pods do. */
type Kubernetes = { readonly access: KubeAccess; readonly podAccess: KubeAccess; readonly kubeconfig: string };

async function startKubernetes({ stack, options, folder, authority, kubelets, chosen }: Parts): Promise<Kubernetes> {
  if (options.kubernetes !== undefined) return { ...options.kubernetes, podAccess: options.kubernetes.access };
  const token = randomBytes(24).toString("base64url");
  const tls = await authority.serverCertificate([chosen.network.host]);
  const api = stack.use(
    await startKubeApi({
      ...{ tls, tokens: new Map([[token, "admin"]]), controllers: true, log: options.log },
      logs: logsOf(kubelets),
    }),
  );
  const file = join(folder, "kubeconfig");
  const kubeconfig = await writeKubeconfig(file, { server: api.url, caPem: authority.caPem, token, user: "admin" });
  const access = { server: api.url, ca: authority.caPem, token };
  return { access, podAccess: { ...access, server: await urlInPods(chosen, api) }, kubeconfig };
}

/** The https URL at which pods find what is served. */
async function urlInPods({ network }: ChosenNetwork, served: Served): Promise<string> {
  const { host, port } = await network.publish(served);
  return `https://${host}:${port}`;
}

async function startAzure({ plan, stack, folder, authority, world, chosen }: Parts, kubeconfig: string) {
  const tls = await authority.serverCertificate([chosen.network.host]);
  const arm = stack.use(await startArm({ world, tls, operationMs: OPERATION_MS }));
  const entra = stack.use(await startEntra({ world, tls }));
  const urls = { armUrl: arm.url, entraUrl: entra.url };
  const inPods = { armUrl: await urlInPods(chosen, arm), entraUrl: await urlInPods(chosen, entra) };
  const ca = join(folder, "ca.pem");
  await writeFile(ca, authority.caPem);
  const mic = world.createServicePrincipal();
  const cloud = await writeCloudFiles(folder, { world, mic, ...inPods }, plan.resourceGroup);
  const files: SandboxFiles = { kubeconfig, ca, ...cloud };
  const person = {
    principal: world.createServicePrincipal(),
    createApplication: async () => {
      const { cert, key } = await authority.serverCertificate();
      return { ...world.createServicePrincipal({ certificates: [cert] }), pem: key + cert };
    },
    subscription: world.subscription,
    resourceGroup: plan.resourceGroup,
  };
  return { azure: new AzureUser({ ...urls, inPods, caPem: authority.caPem, ...person }), files };
}

/** What is around every node. */
type Around = { readonly kubernetes: Kubernetes; readonly files: SandboxFiles; readonly armUrl: string };

async function startNode(parts: Parts, { node, place }: Machine, { kubernetes, files, armUrl }: Around) {
  const { stack, options, guard, folder } = parts;
  const etc = join(nodeRoot(folder, node.name), "etc", "kubernetes");
  await mkdir(etc, { recursive: true });
  await copyFile(files.cloudConfig, join(etc, "azure.json"));
  const accounts = stack.use(new PodAccounts(kubernetes, folder, node.name));
  const kubelet = await startKubelet({
    access: kubernetes.access,
    node,
    guard,
    addresses: place.addresses,
    network: place.network,
    folder,
    programs: imagesOn(node, { programs: options.programs, armUrl }),
    log: options.log,
    // Pods reach ARM by a name that this authority vouches for, as they would reach Azure with a CA of their company's.
    environment: async (pod, signal) => ({
      ...cloudVariables(files),
      ...(await accounts.variables(pod, signal)),
    }),
  });
  return stack.use(kubelet);
}

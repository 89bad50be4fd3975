import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "../base/log.ts";
import { startArm } from "./azure/arm.ts";
import { startEntra } from "./azure/entra.ts";
import { readFaultRule } from "./azure/fault-rule.ts";
import { startImds } from "./azure/imds.ts";
import { createWorld, type World } from "./azure/world.ts";
import { AzureUser } from "./azure-user.ts";
import { type Authority, createAuthority } from "./certificates.ts";
import { type SandboxFiles, writeCloudFiles, writeKubeconfig } from "./files.ts";
import { newFolder } from "./folder.ts";
import { startKubeApi } from "./kube-api/server.ts";
import { componentPods, type PodManifest, type SandboxNode } from "./manifests.ts";
import { forwarders } from "./network/forwarders.ts";
import { type AddressPool, takeAddresses } from "./node/addresses.ts";
import type { KubeAccess } from "./node/api.ts";
import { type Guard, startGuard } from "./node/guard.ts";
import { type Kubelet, startKubelet } from "./node/kubelet.ts";
import { keeperOf, logsOf } from "./node/logs.ts";
import type { Programs } from "./node/programs.ts";
import { startScheduler } from "./node/scheduler.ts";
import { PodAccounts } from "./pod-account.ts";

export type SandboxOptions = {
  /** The shipped programs, by the name of their image. */
  readonly programs: Programs;
  readonly log: Log;
  /** Rules of trouble at IMDS, ARM and Entra ID, as `readFaultRule` takes them. */
  readonly faults?: readonly string[];
  /** A Kubernetes API server of the user's own, in place of the embedded one. */
  readonly kubernetes?: { readonly kubeconfig: string; readonly access: KubeAccess };
};

/** A cluster on Azure, all of it on this machine. Disposing of it ends every process and removes every file. */
export type Sandbox = AsyncDisposable & {
  readonly folder: string;
  readonly kubeconfig: string;
  readonly nodes: readonly SandboxNode[];
  /** Pods that run MIC and NMI here. */
  readonly manifests: readonly PodManifest[];
  readonly azure: AzureUser;
  /** Ends processes with the sandbox, however it ends. */
  readonly guard: Pick<Guard, "add" | "remove">;
  /** The file that holds what a pod's container printed; undefined for a pod that never ran here. */
  logOf(namespace: string, pod: string): string | undefined;
};

const RESOURCE_GROUP = "MC_sandbox";
const NMI_PORT = 2579;
/** A change of a machine takes its time, as in Azure: until then IMDS does not know the identity. */
const OPERATION_MS = 500;

/**
 * Starts a cluster of two nodes, one on a VM and one on a scale set, with Azure around it. Everything listens on
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

type Parts = {
  readonly stack: AsyncDisposableStack;
  readonly options: SandboxOptions;
  readonly folder: string;
  readonly guard: Guard;
  readonly authority: Authority;
  readonly addresses: AddressPool;
  readonly world: World;
  /** Those that run; the API server asks them for logs. */
  readonly kubelets: Kubelet[];
};

async function compose(
  stack: AsyncDisposableStack,
  options: SandboxOptions,
): Promise<Omit<Sandbox, keyof AsyncDisposable>> {
  const rules = (options.faults ?? []).map(readFaultRule);
  const folder = await newFolder();
  const guard = stack.use(await startGuard({ folder, log: options.log }));
  const addresses = stack.use(await takeAddresses());
  const parts: Parts = {
    stack,
    options,
    folder,
    guard,
    addresses,
    kubelets: [],
    authority: await createAuthority(),
    world: await createWorld(),
  };
  for (const rule of rules) parts.world.traffic.inject(rule);
  const { access, kubeconfig } = await startKubernetes(parts);
  const { azure, files } = await startAzure(parts, kubeconfig);
  const nodes = await startMachines(parts);
  parts.kubelets.push(...(await Promise.all(nodes.map((node) => startNode(parts, node, access, files)))));
  stack.use(startScheduler({ access, nodes: nodes.map(({ name }) => name), log: options.log }));
  const logOf = (namespace: string, pod: string) => keeperOf(parts.kubelets, namespace, pod)?.logOf(namespace, pod);
  return { folder, kubeconfig, guard, nodes, manifests: componentPods(nodes, files), azure, logOf };
}

async function startKubernetes({ stack, options, folder, authority, kubelets }: Parts) {
  if (options.kubernetes !== undefined) return options.kubernetes;
  const token = randomBytes(24).toString("base64url");
  const tls = await authority.serverCertificate();
  const { url } = stack.use(
    await startKubeApi({
      ...{ tls, tokens: new Map([[token, "admin"]]), controllers: true, log: options.log },
      logs: logsOf(kubelets),
    }),
  );
  const file = join(folder, "kubeconfig");
  const kubeconfig = await writeKubeconfig(file, { server: url, caPem: authority.caPem, token, user: "admin" });
  return { access: { server: url, ca: authority.caPem, token }, kubeconfig };
}

async function startAzure({ stack, folder, authority, world }: Parts, kubeconfig: string) {
  const tls = await authority.serverCertificate();
  const { url: armUrl } = stack.use(await startArm({ world, tls, operationMs: OPERATION_MS }));
  const { url: entraUrl } = stack.use(await startEntra({ world, tls }));
  const ca = join(folder, "ca.pem");
  await writeFile(ca, authority.caPem);
  const mic = world.createServicePrincipal();
  const cloud = await writeCloudFiles(folder, { world, mic, armUrl, entraUrl }, RESOURCE_GROUP);
  const files: SandboxFiles = { kubeconfig, ca, ...cloud };
  const person = {
    principal: world.createServicePrincipal(),
    createApplication: (certificates: readonly string[]) => world.createServicePrincipal({ certificates }),
    subscription: world.subscription,
    resourceGroup: RESOURCE_GROUP,
  };
  return { azure: new AzureUser({ armUrl, entraUrl, caPem: authority.caPem, ...person }), files };
}

async function startMachines({ stack, addresses, world }: Parts): Promise<SandboxNode[]> {
  const vm = world.createVm({ resourceGroup: RESOURCE_GROUP, name: "vm-0" }).facts;
  const set = world.createScaleSet({ resourceGroup: RESOURCE_GROUP, name: "vmss", instances: 1 }).facts;
  const machines = [
    { name: vm.name, machineId: vm.id, instanceId: vm.id },
    { name: `${set.name}000000`, machineId: set.id, instanceId: `${set.id}/virtualMachines/0` },
  ];
  const nodes: SandboxNode[] = [];
  for (const { name, machineId, instanceId } of machines) {
    const address = addresses.allocate();
    const imds = stack.use(await startImds({ world, machine: instanceId, host: address }));
    nodes.push({
      name,
      address,
      machineId,
      providerId: `azure://${instanceId}`,
      nmi: { host: address, port: NMI_PORT },
      imds: { host: address, port: imds.port },
    });
  }
  return nodes;
}

async function startNode(parts: Parts, node: SandboxNode, access: KubeAccess, files: SandboxFiles) {
  const { stack, options, guard, addresses, folder } = parts;
  const accounts = stack.use(new PodAccounts(access, folder, node.name));
  const kubelet = await startKubelet({
    access,
    node,
    guard,
    addresses,
    folder,
    programs: options.programs,
    log: options.log,
    // Pods reach ARM by a name that this authority vouches for, as they would reach Azure with a CA of their company's.
    environment: async (pod, signal) => ({
      NODE_EXTRA_CA_CERTS: files.ca,
      ...(await accounts.variables(pod, signal)),
    }),
    network: forwarders(node.nmi),
  });
  return stack.use(kubelet);
}

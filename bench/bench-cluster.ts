import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { apiVersion, BINDING_LABEL, type Kind, kinds } from "../src/api/kinds.ts";
import type { KubeClient } from "../src/kube/client.ts";
import { rawMeta } from "../src/kube/wire.ts";
import type { Machine } from "../src/sandbox/azure/machine.ts";
import type { World } from "../src/sandbox/azure/world.ts";
import { RESOURCE_GROUP } from "./azure-place.ts";
import { until } from "./until.ts";

export type Size = {
  readonly pods: number;
  readonly identities: number;
  readonly vms: number;
  readonly scaleSets: number;
  /** Of each scale set. */
  readonly instances: number;
};
/** A node, and what Azure calls the VM or instance below it. */
type BenchNode = { readonly name: string; readonly providerID: string };
export type Machines = {
  readonly nodes: readonly BenchNode[];
  /** ARM IDs of the VMs and scale sets. */
  readonly ids: readonly string[];
};
type BenchPod = {
  readonly namespace: string;
  readonly name: string;
  readonly nodeName: string;
  readonly label: string;
};

export const namespaces: Kind = {
  group: "",
  version: "v1",
  plural: "namespaces",
  kind: "Namespace",
  isNamespaced: false,
};

const CRDS = join(import.meta.dirname, "../charts/aad-pod-identity/crds/crd.yaml");
const CRDS_LIMIT_MS = 30_000;
const CLEAR_LIMIT_MS = 60_000;

/** Installs the custom resource definitions that are shipped, and waits until the API server serves them. */
export async function installCrds(client: KubeClient, signal: AbortSignal): Promise<void> {
  for (const crd of parseAllDocuments(await readFile(CRDS, "utf8"))) {
    await client.create(kinds.crd, "", crd.toJS() as object, signal);
  }
  const own = [kinds.identity, kinds.binding, kinds.assignment, kinds.exception];
  const areServed = async () => {
    const lists = await Promise.allSettled(own.map((kind) => client.list(kind, {}, signal)));
    return lists.every(({ status }) => status === "fulfilled");
  };
  await until(areServed, { what: "the custom resources are served", limitMs: CRDS_LIMIT_MS, signal });
}

/** The VMs and scale sets in Azure, and the nodes that the cluster would have on them. */
export function createMachines(world: World, { vms, scaleSets, instances }: Size): Machines {
  const inGroup = (name: string) => ({ resourceGroup: RESOURCE_GROUP, name });
  const single = times(vms, (n) => world.createVm(inGroup(`vm-${n}`)));
  const sets = times(scaleSets, (n) => world.createScaleSet({ ...inGroup(`vmss-${n}`), instances }));
  const nodes = [
    ...single.map(({ facts }) => ({ name: facts.name, providerID: `azure://${facts.id}` })),
    ...sets.flatMap(scaleSetNodes),
  ];
  return { nodes, ids: [...single, ...sets].map(({ id }) => id) };
}

/** A node for each instance of a scale set. */
export function scaleSetNodes({ facts }: Machine): readonly BenchNode[] {
  return facts.instances.map(({ id }, n) => ({
    name: `${facts.name}-${String(n).padStart(6, "0")}`,
    providerID: `azure://${id}`,
  }));
}

export function namespaceObject(name: string): object {
  return object(namespaces, "", name, {});
}

export function nodeObject({ name, providerID }: BenchNode): object {
  return object(kinds.node, "", name, { spec: { providerID } });
}

/** A user-assigned identity, made in Azure, as the cluster knows it. */
export function identityObject(world: World, namespace: string, name: string): object {
  const { id, clientId } = world.createIdentity({ resourceGroup: RESOURCE_GROUP, name });
  return object(kinds.identity, namespace, name, { spec: { type: 0, resourceID: id, clientID: clientId } });
}

/** Binds the identity of that name to pods whose label says the same. */
export function bindingObject(namespace: string, name: string): object {
  return object(kinds.binding, namespace, `${name}-binding`, { spec: { azureIdentity: name, selector: name } });
}

/** A pod of some size: what nobody reads of it has to be sent and parsed all the same. */
export function podObject({ namespace, name, nodeName, label }: BenchPod): object {
  const mounts = times(3, (n) => ({ name: `volume-${n}`, mountPath: `/var/lib/volume-${n}`, readOnly: true }));
  const container = {
    name: "main",
    image: "registry.example/team/application:1.2.3",
    args: ["--listen=:8080", "--log-level=info"],
    env: times(10, (n) => ({ name: `SETTING_${n}`, value: `a value of some length for setting ${n}` })),
    resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "256Mi" } },
    volumeMounts: mounts,
  };
  const volumes = mounts.map((mount) => ({ name: mount.name, emptyDir: {} }));
  const labels = { [BINDING_LABEL]: label, app: "application", "pod-template-hash": "6d4cf56db6" };
  return object(kinds.pod, namespace, name, { labels, spec: { nodeName, containers: [container], volumes } });
}

function object(
  kind: Kind,
  namespace: string,
  name: string,
  { labels = {}, ...content }: { readonly labels?: object; readonly spec?: object },
): object {
  const metadata = { name, labels, ...(kind.isNamespaced ? { namespace } : {}) };
  return { apiVersion: apiVersion(kind), kind: kind.kind, metadata, ...content };
}

/** Creates all of them, as many at once as the client sends. */
export async function createAll(
  client: KubeClient,
  kind: Kind,
  objects: readonly object[],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(objects.map((one) => client.create(kind, rawMeta(one).namespace, one, signal)));
}

/** Deletes all objects of a kind; pods without the time that they would get to end. */
export async function removeAll(client: KubeClient, kind: Kind, signal: AbortSignal): Promise<void> {
  const found = (await client.list(kind, {}, signal)).map(rawMeta);
  await Promise.all(found.map((ref) => client.remove(kind, ref, { graceSeconds: 0 }, signal)));
}

/** Takes away what a program that failed may have left, records whose finalizer nobody gives up any more among it. */
export async function clear(client: KubeClient): Promise<void> {
  const signal = AbortSignal.timeout(CLEAR_LIMIT_MS);
  for (const kind of [kinds.pod, kinds.binding, kinds.identity, kinds.node]) await removeAll(client, kind, signal);
  const left = (await client.list(kinds.assignment, {}, signal)).map(rawMeta);
  const release = { type: "merge", body: { metadata: { finalizers: [] } } } as const;
  for (const ref of left) await client.patch(kinds.assignment, ref, release, signal);
  await removeAll(client, kinds.assignment, signal);
}

export function times<T>(count: number, make: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, n) => make(n));
}

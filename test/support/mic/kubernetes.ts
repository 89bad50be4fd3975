import { join } from "node:path";
import { type Assignment, readAssignment } from "../../../src/api/assignment.ts";
import { apiVersion, BINDING_LABEL, type Kind, kinds } from "../../../src/api/kinds.ts";
import { createLog } from "../../../src/base/log.ts";
import { KubeClient } from "../../../src/kube/client.ts";
import { micAzure } from "../azure/mic-azure.ts";
import { accountToken, applyManifests } from "../kube/account-access.ts";
import { auditedCalls } from "../kube/audit-log.ts";
import { accessTo, startControlPlane } from "../kube/control-plane.ts";
import { kubeconfigOf } from "../kube/kubeconfig.ts";
import { grantText, readManifests } from "../kube/rbac.ts";
import { crdsInto } from "./cluster.ts";
import { type Env, MicProcess, micCommands } from "./process.ts";

const never = new AbortController().signal;
const MANIFEST = join(import.meta.dirname, "../../../deploy/infra/mic-rbac.yaml");
const ACCOUNT = { namespace: "default", name: "aad-pod-id-mic-service-account" };

type At = { readonly namespace?: string };
type Place = At & { readonly labels?: object };
type PodPlace = At & { readonly node: string; readonly selector: string };
type Azure = { readonly id: string; readonly clientId: string };

export type MicKubernetes = Awaited<ReturnType<typeof micKubernetes>>;

/** A real API server of its own that lets MIC do what the manifests allow, an Azure, and MIC as processes on both. */
export async function micKubernetes(options: { readonly operationMs?: number } = {}) {
  await using stack = new AsyncDisposableStack();
  const [azure, plane] = await Promise.all([micAzure(options), startControlPlane({ audit: true })]);
  stack.use(azure);
  stack.use(plane);
  const log = createLog({ write: () => {} });
  const client = stack.use(new KubeClient(accessTo(plane), { userAgent: "test", log, qps: 500, burst: 1_000 }));
  const manifests = await readManifests(MANIFEST);
  await crdsInto(client);
  await applyManifests(client, manifests);
  const token = await accountToken(client, ACCOUNT);
  const { world } = azure;

  function create(kind: Kind, name: string, content: object, { namespace = "default", ...meta }: Place = {}) {
    const place = kind.isNamespaced ? namespace : "";
    const object = { apiVersion: apiVersion(kind), kind: kind.kind, metadata: { name, ...meta }, ...content };
    return client.create(kind, place, object, never);
  }
  const change = (kind: Kind, name: string, body: object, { namespace = "default" }: At = {}) => {
    const ref = { namespace: kind.isNamespaced ? namespace : "", name };
    return client.patch(kind, ref, { type: "merge", body }, never);
  };
  const remove = (kind: Kind, name: string, { namespace = "default" }: At = {}) =>
    client.remove(kind, { namespace: kind.isNamespaced ? namespace : "", name }, { graceSeconds: 0 }, never);
  const allRecords = async () => (await client.list(kinds.assignment, {}, never)).map(readAssignment);
  const cleanUp = stack.move();

  return {
    plane,
    azure,
    world,
    client,
    signal: never,
    manifests,
    create,
    change,
    remove,
    /** MIC with the manifests' account. The server is the real one unless another stands before it. */
    async start(instance: string, args: readonly string[] = [], env: Env = {}, server = plane.server) {
      const config = await azure.write(`${crypto.randomUUID()}.kubeconfig`, kubeconfigOf({ ...plane, server, token }));
      const flags = ["--http-probe-port=0", "--prometheus-port=0", "--update-user-msi-retry-interval=100ms"];
      const files = [`--kubeconfig=${config}`, `--cloudconfig=${azure.azureJson}`];
      const names = ["--leader-election-duration=60s", `--leader-election-instance=${instance}`];
      const all = { PATH: process.env.PATH ?? "", MIC_POD_NAMESPACE: "default", ...azure.env, ...env };
      return new MicProcess([...files, ...flags, ...names, ...args], all, micCommands.built);
    },
    /** A VM in Azure and the node on it; gives the machine's ID. */
    async vm(
      name: string,
      wishes: { readonly systemAssigned?: boolean; readonly userAssigned?: readonly string[] } = {},
    ) {
      const { id } = world.createVm({ resourceGroup: "rg", name, ...wishes });
      await create(kinds.node, name, { spec: { providerID: `azure://${id}` } });
      return id;
    },
    /** A scale set and a node on each instance, `name-0` and so on; gives the scale set's ID. */
    async scaleSet(name: string, instances: number) {
      const { id, facts } = world.createScaleSet({ resourceGroup: "rg", name, instances });
      for (const [i, one] of facts.instances.entries()) {
        await create(kinds.node, `${name}-${i}`, { spec: { providerID: `azure://${one.id}` } });
      }
      return id;
    },
    /** An identity in Azure. */
    azureIdentity: (name: string): Azure => world.createIdentity({ resourceGroup: "rg", name }),
    /** An AzureIdentity and a binding for pods with the label `selector`, both of that name, of an identity in Azure. */
    async identity(
      name: string,
      over: At & { readonly selector?: string; readonly spec?: object } = {},
    ): Promise<Azure> {
      const { selector = name, spec, ...at } = over;
      const { id, clientId } = world.createIdentity({ resourceGroup: "rg", name });
      await create(kinds.identity, name, { spec: { type: 0, resourceID: id, clientID: clientId, ...spec } }, at);
      await create(kinds.binding, name, { spec: { azureIdentity: name, selector } }, at);
      return { id, clientId };
    },
    pod(name: string, { node, selector, ...at }: PodPlace) {
      const spec = { nodeName: node, containers: [{ name: "main", image: "demo" }] };
      return create(kinds.pod, name, { spec }, { ...at, labels: { [BINDING_LABEL]: selector } });
    },
    /** Sets the phase that a kubelet would report. */
    finish: (name: string, phase: string) =>
      change({ ...kinds.pod, plural: `pods/${name}` }, "status", { status: { phase } }),
    namespace: (name: string) => create(namespaces, name, {}),
    /** The records of pods whose names begin so, by name. */
    async records(prefix = ""): Promise<readonly Assignment[]> {
      const all = (await allRecords()).filter(({ pod }) => pod.startsWith(prefix));
      return all.toSorted((a, b) => (a.meta.name < b.meta.name ? -1 : 1));
    },
    /** `name state` of the records of pods whose names begin so. */
    async states(prefix = ""): Promise<readonly string[]> {
      const all = (await allRecords()).filter(({ pod }) => pod.startsWith(prefix));
      return all.map(({ meta, state }) => `${meta.name} ${state}`).sort();
    },
    /** `type reason on kind: message` of the events about objects of that name. */
    async eventsAbout(name: string): Promise<readonly string[]> {
      const all = (await client.list(kinds.event, {}, never)) as readonly KubeEvent[];
      const about = all.filter(({ involvedObject }) => involvedObject.name === name);
      return about.map((one) => `${one.type} ${one.reason} on ${one.involvedObject.kind}: ${one.message}`);
    },
    /** What the API server has refused MIC so far. */
    async refusals(): Promise<readonly string[]> {
      const refused = (await auditedCalls(plane)).filter(({ isForbidden }) => isForbidden);
      return refused.map(({ name, ...call }) => grantText({ ...call, names: name === "" ? undefined : [name] }));
    },
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}

const namespaces: Kind = { group: "", version: "v1", plural: "namespaces", kind: "Namespace", isNamespaced: false };
type KubeEvent = {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: { readonly kind: string; readonly name: string };
};

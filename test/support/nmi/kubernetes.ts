import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apiVersion, BINDING_LABEL, type Kind, kinds } from "../../../src/api/kinds.ts";
import { createLog } from "../../../src/base/log.ts";
import { KubeClient } from "../../../src/kube/client.ts";
import { accountToken, applyManifests } from "../kube/account-access.ts";
import { auditedCalls } from "../kube/audit-log.ts";
import { accessTo, startControlPlane } from "../kube/control-plane.ts";
import { kubeconfigOf } from "../kube/kubeconfig.ts";
import { grantText, readManifests } from "../kube/rbac.ts";
import { identityId } from "../make.ts";
import { crdsInto } from "../mic/cluster.ts";
import { startActor } from "../netns/actor.ts";
import { METADATA_ADDRESS, makeNetwork } from "../netns/netns.ts";
import { type RunningProgram, startProgram } from "../program.ts";

const never = new AbortController().signal;
const MANIFEST = join(import.meta.dirname, "../../../deploy/infra/nmi-rbac.yaml");
const ACCOUNT = { namespace: "default", name: "aad-pod-id-nmi-service-account" };
const NODE = "node-0";
/** All that NMI has of root's powers. */
const LEAST = ["setpriv", "--bounding-set=-all,+net_admin,+net_raw"];

export type NmiKubernetes = Awaited<ReturnType<typeof nmiKubernetes>>;

/**
 * A real API server that lets NMI do what the manifests allow, and NMI as a process on a node of its own with a pod. The
 * pod has the identity `own`; `app`, a service principal, is bound to it too.
 */
export async function nmiKubernetes() {
  await using stack = new AsyncDisposableStack();
  const plane = stack.use(await startControlPlane({ audit: true }));
  const log = createLog({ write: () => {} });
  const client = stack.use(new KubeClient(accessTo(plane), { userAgent: "test", log }));
  const manifests = await readManifests(MANIFEST);
  await crdsInto(client);
  await applyManifests(client, manifests);
  const token = await accountToken(client, ACCOUNT);
  const own = stack.use(new KubeClient(accessTo({ ...plane, token }), { userAgent: "test", log }));
  const network = stack.use(makeNetwork(1));
  const folder = await mkdtemp(join(tmpdir(), "nmi-kubernetes-"));
  stack.defer(() => rm(folder, { recursive: true }));
  stack.use(await doorTo(Number(new URL(plane.server).port), join(folder, "door")));
  const door = stack.use(await startActor(network.node, "door", [join(folder, "door")]));
  stack.use(await startActor(network.fabric, "imds", [METADATA_ADDRESS]));
  const [{ namespace = "", address = "" } = {}] = network.pods;
  const pod = stack.use(await startActor(namespace, "client"));
  const { port } = await door.ask<{ port: number }>({ port: true });
  await writeFile(join(folder, "kubelet"), "");
  await writeFile(
    join(folder, "kubeconfig"),
    kubeconfigOf({ ca: plane.ca, token, server: `https://127.0.0.1:${port}` }),
  );
  await fill(client, address);
  const cleanUp = stack.move();

  return {
    plane,
    client,
    manifests,
    /** A client that may do what NMI may. */
    own,
    /** What runs in the pod. */
    pod,
    start(...args: readonly string[]): RunningProgram {
      const files = [`--kubeconfig=${folder}/kubeconfig`, `--kubelet-config=${folder}/kubelet`];
      const ports = ["--http-probe-port=0", "--prometheus-port=0"];
      const through = ["ip", "netns", "exec", network.node, ...LEAST];
      return startProgram("nmi", [`--node=${NODE}`, ...files, ...ports, ...args], { through });
    },
    /** What the API server has refused NMI so far. */
    async refusals(): Promise<readonly string[]> {
      const refused = (await auditedCalls(plane)).filter(({ isForbidden }) => isForbidden);
      return refused.map(({ name, ...call }) => grantText({ ...call, names: name === "" ? undefined : [name] }));
    },
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}

/** Joins whoever connects to a socket in the file system to a port of this machine. */
async function doorTo(port: number, path: string): Promise<AsyncDisposable> {
  const server = createServer((inside) => {
    const outside = connect(port, "127.0.0.1");
    inside.on("error", () => outside.destroy()).pipe(outside);
    outside.on("error", () => inside.destroy()).pipe(inside);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { [Symbol.asyncDispose]: async () => void server.close() };
}

async function fill(client: KubeClient, podIP: string): Promise<void> {
  const create = (kind: Kind, name: string, content: object, meta: object = {}) => {
    const object = { ...headOf(kind), metadata: { name, ...meta }, ...content };
    return client.create(kind, "default", object, never);
  };
  const labels = { component: "nmi" };
  const template = { metadata: { labels }, spec: { containers: [{ name: "nmi", image: "nmi" }] } };
  await create(kinds.daemonSet, "nmi", { spec: { selector: { matchLabels: labels }, template } });
  await create(
    kinds.pod,
    "web",
    { spec: { nodeName: NODE, containers: [{ name: "main", image: "web" }] } },
    { labels: { [BINDING_LABEL]: "demo" } },
  );
  const status = { phase: "Running", podIP, podIPs: [{ ip: podIP }] };
  const ref = { namespace: "default", name: "status" };
  await client.patch({ ...kinds.pod, plural: "pods/web" }, ref, { type: "merge", body: { status } }, never);
  await create(kinds.secret, "app", { stringData: { clientSecret: "hush" } });
  const clientPassword = { name: "app", namespace: "default" };
  const own = { type: 0, resourceID: identityId("own"), clientID: "client-of-own" };
  const app = { type: 1, tenantID: "t", clientID: "client-of-app", clientPassword };
  for (const [name, spec] of Object.entries({ own, app })) {
    await create(kinds.identity, name, { spec });
    await create(kinds.binding, name, { spec: { azureIdentity: name, selector: "demo" } });
    const copy = { ...headOf(kinds.identity), metadata: { name, namespace: "default" }, spec };
    const of = { azureIdentityRef: copy, pod: "web", podNamespace: "default", nodename: NODE };
    await create(
      kinds.assignment,
      `web-default-${name}`,
      { spec: of, status: { status: "Assigned" } },
      { labels: { nodename: NODE } },
    );
  }
}

function headOf(kind: Kind): object {
  return { apiVersion: apiVersion(kind), kind: kind.kind };
}

import { GROUP, type Kind, kinds } from "../api/kinds.ts";
import { Fault } from "../base/fault.ts";
import { createLog } from "../base/log.ts";
import type { KubeAccess } from "../kube/access.ts";
import { KubeClient, type ObjectRef } from "../kube/client.ts";
import { loadAccess } from "../kube/kubeconfig.ts";

const LEASE = { namespace: "default", name: "aad-pod-identity-mic" };

/** How the sandbox reaches a Kubernetes API server; plain values, since it shares no code with our client. */
export type PlainAccess = {
  readonly server: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
};

/**
 * Access to a Kubernetes API server of the user's own. It must be an empty one: the sandbox brings nodes that run
 * whatever is bound to them as processes of this machine, and a walkthrough takes away what it made.
 * @throws Fault CLUSTER_NOT_EMPTY that names what is there, or why the API server cannot be reached
 */
export async function emptyCluster(kubeconfig: string, signal: AbortSignal): Promise<PlainAccess> {
  if (kubeconfig === "")
    throw new Fault("FLAG_INVALID", "--with-real-kubernetes is empty: give the path of a kubeconfig");
  const access = await loadAccess(kubeconfig, {});
  await using client = new KubeClient(access, { userAgent: "podid", log: createLog({ write: () => {} }) });
  const found = await firstObject(client, signal);
  if (found !== undefined) {
    const why =
      "the sandbox would run its pods and take away what it made; give an API server of a test cluster without nodes";
    throw new Fault("CLUSTER_NOT_EMPTY", `${access.server} is in use (it has ${found}): ${why}`);
  }
  return await plain(access);
}

async function firstObject(client: KubeClient, signal: AbortSignal): Promise<string | undefined> {
  for (const kind of [kinds.node, kinds.pod]) {
    const [object] = (await client.list(kind, {}, signal)) as readonly { metadata: { name: string } }[];
    if (object !== undefined) return `${kind.kind} ${object.metadata.name}`;
  }
  const definitions = (await client.list(kinds.crd, {}, signal)) as readonly { spec: { group: string } }[];
  if (definitions.some(({ spec }) => spec.group === GROUP)) return `the custom resources of ${GROUP}`;
  return (await exists(client, kinds.lease, LEASE, signal)) ? `the Lease ${LEASE.namespace}/${LEASE.name}` : undefined;
}

async function exists(client: KubeClient, kind: Kind, ref: ObjectRef, signal: AbortSignal): Promise<boolean> {
  try {
    await client.get(kind, ref, signal);
    return true;
  } catch (reason) {
    if (Fault.is(reason, "KUBE_NOT_FOUND")) return false;
    throw reason;
  }
}

async function plain({ server, credentials }: KubeAccess): Promise<PlainAccess> {
  const { ca, cert, key, token } = await credentials();
  return {
    server,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(token === undefined ? {} : { token: token.reveal() }),
  };
}

import { type Assignment, writeAssignment } from "../src/api/assignment.ts";
import { readBinding } from "../src/api/binding.ts";
import { readIdentity } from "../src/api/identity.ts";
import { resourceKey } from "../src/api/resource-id.ts";
import { bindingObject, nodeObject, podObject, times } from "./bench-cluster.ts";

/** How large the cluster is that the question of scale is asked of. */
export type Scale = {
  readonly pods: number;
  readonly scaleSets: number;
  readonly instances: number;
  readonly identities: number;
  /** Different identities that the pods of one scale set use. */
  readonly identitiesASet: number;
};
/** What Azure says of the cluster's machines and identities, as plain data for another process. */
export type ScaleFacts = {
  readonly scale: Scale;
  readonly nodes: readonly { readonly name: string; readonly providerID: string }[];
  /** ARM IDs of the scale sets. */
  readonly machines: readonly string[];
  /** The AzureIdentity objects. */
  readonly identities: readonly object[];
};

export const NAMESPACE = "default";

export function identityName(n: number): string {
  return `identity-${n}`;
}

/** Which identity the n-th pod of a scale set uses. */
export function identityOf(set: number, n: number, { identities, identitiesASet }: Scale): string {
  return identityName((set * identitiesASet + (n % identitiesASet)) % identities);
}

/** Nodes, identities, bindings and pods, and a record that says Assigned for each pod: a cluster with nothing to do. */
export function* scaleObjects({ scale, nodes, machines, identities }: ScaleFacts): Generator<StoredObject> {
  for (const node of nodes) yield { group: "", plural: "nodes", object: nodeObject(node) };
  const group = "aadpodidentity.k8s.io";
  const bindings = times(scale.identities, (n) => bindingObject(NAMESPACE, identityName(n)));
  for (const object of identities) yield { group, plural: "azureidentities", object };
  for (const object of bindings) yield { group, plural: "azureidentitybindings", object };
  const offers = new Map(identities.map((raw, n) => [identityName(n), offerOf(raw, bindings[n])]));
  for (let n = 0; n < scale.pods; n += 1) {
    const nodeAt = n % nodes.length;
    const set = Math.floor(nodeAt / scale.instances);
    const label = identityOf(set, Math.floor(n / nodes.length), scale);
    const pod = { namespace: NAMESPACE, name: `pod-${n}`, nodeName: nodes[nodeAt]?.name ?? "", label };
    yield { group: "", plural: "pods", object: running(podObject(pod), n) };
    const offer = offers.get(label);
    if (offer === undefined) throw new Error(`there is no ${label}`);
    yield { group, plural: "azureassignedidentities", object: recordOf(pod, offer, machines[set] ?? "") };
  }
}

export type StoredObject = { readonly group: string; readonly plural: string; readonly object: object };
type Offer = Pick<Assignment, "identity" | "binding">;
type Pod = { readonly name: string; readonly namespace: string; readonly nodeName: string; readonly label: string };

function offerOf(identity: object, binding: object | undefined): Offer {
  return { identity: readIdentity(identity), binding: readBinding(binding) };
}

function recordOf({ name, namespace, nodeName, label }: Pod, offer: Offer, machine: string): object {
  return writeAssignment({
    ...offer,
    name: `${name}-${namespace}-${label}`,
    namespace: NAMESPACE,
    pod: name,
    podNamespace: namespace,
    nodeName,
    state: "Assigned",
    machine: resourceKey(machine),
    leftovers: [],
  });
}

function running(pod: object, n: number): object {
  const podIP = `10.${64 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;
  const conditions = ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map((type) => ({
    type,
    status: "True",
  }));
  const container = { name: "main", ready: true, restartCount: 0, image: "registry.example/team/application:1.2.3" };
  return {
    ...pod,
    status: { phase: "Running", podIP, podIPs: [{ ip: podIP }], conditions, containerStatuses: [container] },
  };
}

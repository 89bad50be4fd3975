import { type AssignmentState, writeAssignment } from "../src/api/assignment.ts";
import { readBinding } from "../src/api/binding.ts";
import { readIdentity } from "../src/api/identity.ts";
import { apiVersion, kinds } from "../src/api/kinds.ts";
import { bindingObject, podObject } from "./bench-cluster.ts";
import type { StoredObject } from "./scale-objects.ts";

export const NODE = "node-0";
const NAMESPACE = "default";
const GROUP = "aadpodidentity.k8s.io";
const MACHINE = "/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute/virtualmachines/node-0";
const IDENTITIES = "/subscriptions/sub/resourcegroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities";

/** A pod of the node, by number, which is also that of its address. */
export type NmiPod = { readonly n: number; readonly identity: string; readonly state?: AssignmentState };

/** Pod 0 stands for the namespace of all of them and has the address of its end of the cable. */
export function podAddress(n: number): string {
  return n === 0 ? "10.244.0.2" : `10.245.${n >> 8}.${n & 255}`;
}

/** Tokens of the stand-in begin with it and a full stop. */
export function clientIdOf(identity: string): string {
  return `client-of-${identity}`;
}

/** An identity and the binding that gives it to pods whose label says the same. */
export function identityObjects(name: string): readonly StoredObject[] {
  return [
    { group: GROUP, plural: "azureidentities", object: identityOf(name) },
    { group: GROUP, plural: "azureidentitybindings", object: bindingObject(NAMESPACE, name) },
  ];
}

/** A pod that runs. */
export function podObjects({ n, identity }: NmiPod): readonly StoredObject[] {
  const address = podAddress(n);
  const status = { phase: "Running", podIP: address, podIPs: [{ ip: address }] };
  const pod = podObject({ namespace: NAMESPACE, name: podName(n), nodeName: NODE, label: identity });
  return [{ group: "", plural: "pods", object: { ...pod, status } }];
}

/** MIC's record of it. */
export function recordObjects({ n, identity, state = "Assigned" }: NmiPod): readonly StoredObject[] {
  const object = writeAssignment({
    identity: readIdentity(identityOf(identity)),
    binding: readBinding(bindingObject(NAMESPACE, identity)),
    name: `${podName(n)}-${NAMESPACE}-${identity}`,
    namespace: NAMESPACE,
    pod: podName(n),
    podNamespace: NAMESPACE,
    nodeName: NODE,
    state,
    machine: MACHINE,
    leftovers: [],
  });
  return [{ group: GROUP, plural: "azureassignedidentities", object }];
}

function podName(n: number): string {
  return `pod-${n}`;
}

function identityOf(name: string): object {
  const metadata = { name, namespace: NAMESPACE };
  const spec = { type: 0, resourceID: `${IDENTITIES}/${name}`, clientID: clientIdOf(name) };
  return { apiVersion: apiVersion(kinds.identity), kind: kinds.identity.kind, metadata, spec };
}

import { type KubeObject, objectOr as part, textOr as text } from "../../src/sandbox/kube-api/json.ts";

/** An AzureAssignedIdentity as it lies at the API server, read without MIC's own code. */
export type StoredRecord = {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly pod: string;
  readonly node: string;
  readonly identity: string;
  readonly binding: string;
  readonly clientId: string;
  readonly resourceId: string;
  readonly machine: string;
  readonly leftovers: readonly { readonly machine: string; readonly resourceId: string }[];
  readonly state: string;
  readonly finalizers: readonly string[];
  readonly isDying: boolean;
};

export function recordOf({ metadata, spec, status }: KubeObject): StoredRecord {
  const { azureIdentityRef, azureBindingRef, pod, podNamespace, nodename } = part(spec);
  const identity = part(azureIdentityRef);
  const annotations = part(metadata.annotations);
  const { type = 0, resourceID, clientID } = part(identity.spec);
  return {
    uid: metadata.uid,
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    pod: `${text(podNamespace)}/${text(pod)}`,
    node: text(nodename),
    identity: namesOf(identity.metadata),
    binding: namesOf(part(azureBindingRef).metadata),
    clientId: text(clientID),
    resourceId: text(resourceID),
    machine: type === 0 ? text(annotations["aadpodidentity.k8s.io/machine"]) : "",
    leftovers: JSON.parse(text(annotations["aadpodidentity.k8s.io/leftovers"]) || "[]"),
    state: text(part(status).status),
    finalizers: (metadata.finalizers ?? []) as readonly string[],
    isDying: metadata.deletionTimestamp !== undefined,
  };
}

function namesOf(metadata: Parameters<typeof part>[0]): string {
  const { namespace, name } = part(metadata);
  return `${text(namespace)}/${text(name)}`;
}

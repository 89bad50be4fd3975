import { type Json, objectOr as part, textOr as text } from "../../src/sandbox/kube-api/json.ts";
import type { KubeServer } from "./kube.ts";
import { FOREIGN_MACHINE, MACHINES, type NodeName, WINDOWS_NODE } from "./names.ts";

/** A pod shall have an identity: what its record must say, and what must be on which machine. */
export type Want = {
  /** `namespace/name`, for the pod and all that follows. */
  readonly pod: string;
  readonly podUid: string;
  readonly node: string;
  readonly identity: string;
  readonly binding: string;
  readonly namespace: string;
  readonly clientId: string;
  /** As written; empty for an identity that needs nothing in Azure. */
  readonly resourceId: string;
  readonly machine: string;
};

/**
 * Who shall have what, told anew and in the simplest way from the objects at the API server: what MIC thinks of it plays
 * no part. With `livePods` a pod whose node was deleted counts too: it runs on, whatever its Node object says.
 */
export function wantsOf(
  server: KubeServer,
  settings: { readonly isNamespaced: boolean; readonly livePods: boolean },
): Want[] {
  const bindings = server.list("azureidentitybindings");
  const identities = new Map(server.list("azureidentities").map((one) => [keyOf(one.metadata), one]));
  const nodes = new Set(server.list("nodes").map(({ metadata }) => metadata.name));
  return server.list("pods").flatMap((pod) => {
    const { nodeName = "" } = part(pod.spec);
    if (nodeName === WINDOWS_NODE) return [];
    const label = text(part(pod.metadata.labels).aadpodidbinding);
    if (label === "" || nodeName === "" || ["Succeeded", "Failed"].includes(text(part(pod.status).phase))) return [];
    const chosen = new Map<string, (typeof bindings)[number]>();
    for (const binding of bindings) {
      const { selector, azureIdentity } = part(binding.spec);
      const key = `${binding.metadata.namespace}/${azureIdentity}`;
      const identity = identities.get(key);
      const isOwn = part(identity?.metadata.annotations)["aadpodidentity.k8s.io/Behavior"] === "namespaced";
      const isNear = pod.metadata.namespace === binding.metadata.namespace || !(settings.isNamespaced || isOwn);
      if (selector !== label || identity === undefined || !isNear) continue;
      const other = chosen.get(key);
      if (other === undefined || isBefore(binding, other)) chosen.set(key, binding);
    }
    return [...chosen].flatMap(([key, binding]): Want[] => {
      const identity = identities.get(key);
      const { type = 0, resourceID, clientID } = part(identity?.spec);
      const isOwn = part(identity?.metadata.annotations)["aadpodidentity.k8s.io/Behavior"] === "namespaced";
      const machine = type === 0 ? MACHINES[nodeName as NodeName] : "";
      if (machine === FOREIGN_MACHINE) return [];
      if (type === 0 && !nodes.has(text(nodeName)) && !settings.livePods) return [];
      return [
        {
          pod: keyOf(pod.metadata),
          podUid: pod.metadata.uid,
          node: text(nodeName),
          identity: key,
          binding: keyOf(binding.metadata),
          namespace: settings.isNamespaced || isOwn ? (identity?.metadata.namespace ?? "") : "default",
          clientId: text(clientID),
          resourceId: text(resourceID),
          machine,
        },
      ];
    });
  });
}

type Stored = {
  readonly metadata: { readonly namespace?: string; readonly name: string };
  readonly [name: string]: unknown;
};

/** The heavier binding counts, of equal ones the first by name. */
function isBefore(a: Stored, b: Stored): boolean {
  const weight = (one: Stored) => Number(part(one.spec as Json).weight ?? 0);
  return weight(a) === weight(b) ? keyOf(a.metadata) < keyOf(b.metadata) : weight(a) > weight(b);
}

function keyOf({ namespace = "", name }: { readonly namespace?: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}

import type { Identity } from "../api/identity.ts";
import { isSameClientId, resourceKey } from "../api/resource-id.ts";
import { desiredAssignments } from "../assignment/desired.ts";
import { indexRecords, isInPlace } from "../assignment/records.ts";
import type { Drift, Snapshot } from "../assignment/types.ts";
import type { Carried } from "./ports.ts";
import type { Bond } from "./tell-bond.ts";

/** An identity that pods shall have on a machine. */
type Want = {
  readonly bonds: Bond[];
  /** A record says that it is there, so its absence is news; otherwise a plan puts it there anyway. */
  isAssigned: boolean;
};

/** What pods shall have, as machines are compared with it. */
export type Wants = {
  /** By machine, then by resource ID. */
  readonly machines: ReadonlyMap<string, ReadonlyMap<string, Want>>;
  /** The machines of nodes on which pods shall have something. */
  readonly nodes: ReadonlyMap<string, string>;
  /** The AzureIdentities by the resource ID that they give. */
  readonly identities: ReadonlyMap<string, readonly Identity[]>;
};

/**
 * A drift, who suffers from it, and the client ID that the identity has on the machine; empty when Azure does not say.
 * Of a stale one it is a suspicion only: what an AzureIdentity says is what its author wrote.
 */
export type Finding = { readonly drift: Drift; readonly bonds: readonly Bond[]; readonly onMachine: string };

export function wantsOf(snapshot: Snapshot): Wants {
  const records = indexRecords(snapshot.assignments.filter(isInPlace));
  const machines = new Map<string, Map<string, Want>>();
  const nodes = new Map<string, string>();
  for (const wanted of desiredAssignments(snapshot).wanted) {
    const { placement, pod, binding, identity } = wanted;
    if (placement === undefined) continue;
    const { machine, resourceId } = placement;
    nodes.set(pod.nodeName, machine);
    const here = machines.get(machine) ?? new Map<string, Want>();
    machines.set(machine, here);
    const want = here.get(resourceId) ?? { bonds: [], isAssigned: false };
    here.set(resourceId, want);
    want.bonds.push({
      pod: pod.meta.name,
      podNamespace: pod.meta.namespace,
      nodeName: pod.nodeName,
      binding,
      identity,
    });
    want.isAssigned ||= records.of(wanted)?.state === "Assigned";
  }
  const ofAzure = snapshot.identities.filter(({ type }) => type === 0);
  return { machines, nodes, identities: Map.groupBy(ofAzure, ({ resourceId }) => resourceKey(resourceId)) };
}

/** Where a machine differs from what pods shall have there. */
export function findingsOn(machine: string, { userAssigned, clientIds }: Carried, wants: Wants): readonly Finding[] {
  return [...(wants.machines.get(machine) ?? [])].flatMap(([resourceId, { bonds, isAssigned }]): Finding[] => {
    const onMachine = clientIds.get(resourceId) ?? "";
    if (!userAssigned.has(resourceId)) {
      return isAssigned ? [{ drift: { machine, resourceId, kind: "missing" }, bonds, onMachine }] : [];
    }
    if (onMachine === "") return [];
    const isDoubtful = otherwise(wants.identities.get(resourceId) ?? [], onMachine).length > 0;
    return isDoubtful ? [{ drift: { machine, resourceId, kind: "stale", clientId: onMachine }, bonds, onMachine }] : [];
  });
}

/** Those that give another client ID than the identity has on a machine. */
export function otherwise(identities: readonly Identity[], onMachine: string): readonly Identity[] {
  return identities.filter(({ clientId }) => clientId !== "" && !isSameClientId(clientId, onMachine));
}

export function driftKey({ machine, resourceId, kind }: Drift): string {
  return `${kind} ${resourceId} on ${machine}`;
}

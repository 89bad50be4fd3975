import * as v from "valibot";
import { readMachineId } from "./machine-id.ts";
import { checkIdentityResourceId, resourceKey } from "./resource-id.ts";

/** A user-assigned identity on a machine: the latter as `readMachineId` spells it, the former as `resourceKey` does. */
export type Placement = { readonly machine: string; readonly resourceId: string };

/** On an AzureAssignedIdentity: the machine that carries the identity, known even when its node has gone. */
const MACHINE_ANNOTATION = "aadpodidentity.k8s.io/machine";
/**
 * On an AzureAssignedIdentity: the node that runs on that machine. Releases that know none of this keep annotations when they
 * move a record to another node; this one tells.
 */
const NODE_ANNOTATION = "aadpodidentity.k8s.io/machine-node";
/** On an AzureAssignedIdentity: what its earlier wordings put on machines and nobody has taken off yet. */
const LEFTOVERS_ANNOTATION = "aadpodidentity.k8s.io/leftovers";

const leftoversSchema = v.fallback(
  v.pipe(v.string(), v.parseJson(), v.array(v.object({ machine: v.string(), resourceId: v.string() }))),
  [],
);

type Annotations = Readonly<Record<string, string>>;

/** Where a record says that its identity is, or shall be, empty when it names no machine; and what is to be taken off. */
export type Places = { readonly machine: string; readonly leftovers: readonly Placement[] };

/**
 * The places that a record for a node and an identity names; anything that is no placement is left out. Anybody may have
 * written it. A machine of another node is one where the identity was: what it is on now, the record does not say.
 */
export function readPlaces(
  annotations: Annotations,
  { nodeName, resourceId }: { readonly nodeName: string; readonly resourceId: string },
): Places {
  const machine = readMachineId(annotations[MACHINE_ANNOTATION] ?? "")?.id ?? "";
  const leftovers = readLeftovers(annotations[LEFTOVERS_ANNOTATION]);
  if (machine === "" || annotations[NODE_ANNOTATION] === nodeName) return { machine, leftovers };
  return { machine: "", leftovers: [...leftovers, ...readPlacement({ machine, resourceId })] };
}

function readLeftovers(text: string | undefined): readonly Placement[] {
  return text === undefined ? [] : v.parse(leftoversSchema, text).flatMap(readPlacement);
}

function readPlacement({ machine, resourceId }: Placement): readonly Placement[] {
  const id = readMachineId(machine)?.id;
  return id === undefined || !isIdentityResourceId(resourceId)
    ? []
    : [{ machine: id, resourceId: resourceKey(resourceId) }];
}

/** The annotations that say so; null removes one, as a merge patch has it. */
export function writePlaces({
  machine,
  nodeName,
  leftovers,
}: Places & { readonly nodeName: string }): Record<string, string | null> {
  return {
    [MACHINE_ANNOTATION]: machine === "" ? null : machine,
    [NODE_ANNOTATION]: machine === "" ? null : nodeName,
    [LEFTOVERS_ANNOTATION]: leftovers.length === 0 ? null : JSON.stringify(leftovers),
  };
}

/** Whether a text is the resource ID of a user-assigned identity. */
export function isIdentityResourceId(text: string): boolean {
  try {
    checkIdentityResourceId(text);
    return true;
  } catch {
    return false;
  }
}

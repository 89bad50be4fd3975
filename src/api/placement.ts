import * as v from "valibot";
import { readMachineId } from "./machine-id.ts";
import { checkIdentityResourceId, resourceKey } from "./resource-id.ts";

/** A user-assigned identity on a machine: the latter as `readMachineId` spells it, the former as `resourceKey` does. */
export type Placement = { readonly machine: string; readonly resourceId: string };

/** On an AzureAssignedIdentity: the machine that carries the identity, known even when its node has gone. */
const MACHINE_ANNOTATION = "aadpodidentity.k8s.io/machine";
/** On an AzureAssignedIdentity: what its earlier wordings put on machines and nobody has taken off yet. */
const LEFTOVERS_ANNOTATION = "aadpodidentity.k8s.io/leftovers";

const leftoversSchema = v.fallback(
  v.pipe(v.string(), v.parseJson(), v.array(v.object({ machine: v.string(), resourceId: v.string() }))),
  [],
);

type Annotations = Readonly<Record<string, string>>;

/** Where a record says that its identity is, or shall be; empty when it names no machine. Anybody may have written it. */
export function readMachine(annotations: Annotations): string {
  return readMachineId(annotations[MACHINE_ANNOTATION] ?? "")?.id ?? "";
}

/** What a record says is still to be taken off; anything that is no placement is left out. */
export function readLeftovers(annotations: Annotations): readonly Placement[] {
  const listed = v.parse(leftoversSchema, annotations[LEFTOVERS_ANNOTATION] ?? "[]");
  return listed.flatMap(({ machine, resourceId }) => {
    const id = readMachineId(machine)?.id;
    return id === undefined || !isIdentityResourceId(resourceId)
      ? []
      : [{ machine: id, resourceId: resourceKey(resourceId) }];
  });
}

/** The annotations that say so; null removes one, as a merge patch has it. */
export function writePlacement(machine: string, leftovers: readonly Placement[]): Record<string, string | null> {
  return {
    [MACHINE_ANNOTATION]: machine === "" ? null : machine,
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

import type { Assignment, AssignmentState } from "../../src/api/assignment.ts";
import type { Known, Named } from "../../src/identity/select.ts";
import { assignment, binding, identity, pod } from "./make.ts";

/** What is known where MIC records assignments. */
export type Recorded = Known & { readonly assignments: readonly Assignment[] };

export const any: Named = { clientId: undefined, resourceId: undefined };
export const byClient = (clientId: string): Named => ({ ...any, clientId });
export const byResource = (resourceId: string): Named => ({ ...any, resourceId });
export const open = { namespacedOnly: false };
export const confined = { namespacedOnly: true };

export const web = pod("web", { selector: "demo" });
type Over = Parameters<typeof identity>[1];

/** An identity bound to the pods with the label `demo`, recorded for `web` in the given state. */
export function bound(
  name: string,
  state: AssignmentState | "none" = "Assigned",
  over: { identity?: Over; weight?: number; namespace?: string; recordNamespace?: string; of?: typeof web } = {},
): Recorded {
  const { namespace = "default", weight = 0, recordNamespace = "default", of = web } = over;
  const made = identity(name, { namespace, ...over.identity });
  const by = binding(name, { namespace, spec: { selector: "demo", weight } });
  const record = assignment({ pod: of, identity: made, binding: by }, state === "none" ? "" : state, {
    namespace: recordNamespace,
  });
  return { identities: [made], bindings: [by], assignments: state === "none" ? [] : [record] };
}

export function all(...parts: readonly Recorded[]): Recorded {
  return {
    identities: parts.flatMap(({ identities }) => identities),
    bindings: parts.flatMap(({ bindings }) => bindings),
    assignments: parts.flatMap(({ assignments }) => assignments),
  };
}

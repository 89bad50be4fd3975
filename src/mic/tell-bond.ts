import type { Assignment } from "../api/assignment.ts";
import { kinds } from "../api/kinds.ts";
import { objectKey } from "../api/meta.ts";
import type { Announcer, ObjectName } from "./announcer.ts";

/** What an event about an assignment needs to know of it. */
export type Bond = Pick<Assignment, "pod" | "podNamespace" | "nodeName" | "binding" | "identity">;

type Note = { readonly type: "Normal" | "Warning"; readonly reason: string; readonly message: string };

export type BondTeller = (bond: Bond, note: Note) => void;
export type FindPod = (ref: {
  readonly namespace: string;
  readonly name: string;
}) => { readonly meta: ObjectName } | undefined;

/** Tells users of an assignment: an event on the binding, and one on the pod while it lives. */
export function bondTeller(announcer: Announcer, findPod: FindPod): BondTeller {
  return (bond, note) => {
    announcer.record({ about: { kind: kinds.binding, meta: bond.binding.meta }, ...note });
    const pod = findPod({ namespace: bond.podNamespace, name: bond.pod });
    if (pod !== undefined) announcer.record({ about: { kind: kinds.pod, meta: pod.meta }, ...note });
  };
}

export function podOf({ podNamespace, pod }: Bond): string {
  return `${podNamespace}/${pod}`;
}

/** Which assignment it is, whatever its record says at the moment. */
export function bondKey(bond: Bond): string {
  return `${podOf(bond)} ${objectKey(bond.identity.meta)} ${bond.nodeName}`;
}

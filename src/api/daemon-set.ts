import { kinds } from "./kinds.ts";
import { type Meta, objectSchema, readObject } from "./meta.ts";

const daemonSetSchema = objectSchema({});

/** The annotation, with the value `true`, by which a chart that is being removed says so to NMI. */
export const UNINSTALL_ANNOTATION = "aadpodidentity.k8s.io/uninstall";

/** What we read of a DaemonSet. */
export type DaemonSet = { readonly meta: Meta };

/** Reads a DaemonSet. @throws Fault OBJECT_INVALID */
export function readDaemonSet(raw: unknown): DaemonSet {
  return { meta: readObject(daemonSetSchema, kinds.daemonSet, raw).metadata };
}

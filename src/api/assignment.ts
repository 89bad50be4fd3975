import * as v from "valibot";
import { type Binding, embedBinding, readBinding } from "./binding.ts";
import { embedIdentity, type Identity, readIdentity } from "./identity.ts";
import { ASSIGNMENT_FINALIZER, apiVersion, kinds, NODE_LABEL } from "./kinds.ts";
import { type Meta, objectSchema, readObject, writeMeta } from "./meta.ts";
import { type Placement, readPlaces, writePlaces } from "./placement.ts";
import { anySpelling } from "./spelling.ts";

/**
 * Created: the record exists, Azure is not confirmed. Assigned: the identity is on the machine. Unassigned: it was
 * taken off, only the record is left to delete. Empty: written by a release older than states. Unknown: a text that no
 * release writes, which proves nothing.
 */
export type AssignmentState = "Created" | "Assigned" | "Unassigned" | "" | "Unknown";

const LONGEST_LABEL = 63;

const text = v.optional(v.string(), "");
const embedded = v.optional(v.unknown());
const states = v.picklist(["Created", "Assigned", "Unassigned", "", "Unknown"]);
const state = v.fallback(v.optional(states, ""), "Unknown");

const assignmentSchema = objectSchema({
  spec: anySpelling({
    azureIdentityRef: embedded,
    azureBindingRef: embedded,
    pod: text,
    podNamespace: text,
    nodename: text,
  }),
  status: anySpelling({ status: state }),
});

/** An AzureAssignedIdentity: MIC's record that a pod's identity is, or shall be, on the pod's machine. */
export type Assignment = {
  readonly meta: Meta;
  /** The copy embedded by MIC, not the live object. */
  readonly identity: Identity;
  readonly binding: Binding;
  readonly pod: string;
  readonly podNamespace: string;
  readonly nodeName: string;
  readonly state: AssignmentState;
  /** The machine of the identity; empty for types 1 and 2 and in records as older releases left them. */
  readonly machine: string;
  /** What earlier wordings of the record put on machines and is still to be taken off. */
  readonly leftovers: readonly Placement[];
};

/** Reads an AzureAssignedIdentity; a missing reference reads as one with empty values. @throws Fault OBJECT_INVALID */
export function readAssignment(raw: unknown): Assignment {
  const { metadata, spec, status } = readObject(assignmentSchema, kinds.assignment, raw);
  const identity = readIdentity(named(spec.azureIdentityRef));
  const resourceId = identity.type === 0 ? identity.resourceId : "";
  return {
    meta: metadata,
    identity,
    binding: readBinding(named(spec.azureBindingRef)),
    pod: spec.pod,
    podNamespace: spec.podNamespace,
    nodeName: spec.nodename,
    state: status.status,
    ...readPlaces(metadata.annotations, { nodeName: spec.nodename, resourceId }),
  };
}

function named(reference: unknown): object {
  const object = typeof reference === "object" && reference !== null ? reference : {};
  return { ...object, metadata: { name: "", ...("metadata" in object ? (object.metadata as object) : {}) } };
}

/** What a new or rewritten record shall say. */
export type AssignmentDraft = Pick<
  Assignment,
  "identity" | "binding" | "pod" | "podNamespace" | "nodeName" | "state" | "machine" | "leftovers"
> & {
  readonly name: string;
  readonly namespace: string;
};

/** An AzureAssignedIdentity as the API server takes it; `over` keeps the metadata of the record that it replaces. */
export function writeAssignment(draft: AssignmentDraft, over?: Meta): object {
  const metadata =
    over === undefined
      ? { name: draft.name, namespace: draft.namespace, finalizers: [ASSIGNMENT_FINALIZER] }
      : { ...writeMeta(over), finalizers: [...new Set([...over.finalizers, ASSIGNMENT_FINALIZER])] };
  return {
    apiVersion: apiVersion(kinds.assignment),
    kind: kinds.assignment.kind,
    metadata: {
      ...metadata,
      labels: { ...over?.labels, [NODE_LABEL]: nodeLabel(draft.nodeName) },
      annotations: withoutNulls({ ...over?.annotations, ...writePlaces(draft) }),
    },
    spec: {
      azureIdentityRef: embedIdentity(draft.identity),
      azureBindingRef: embedBinding(draft.binding),
      pod: draft.pod,
      podNamespace: draft.podNamespace,
      nodename: draft.nodeName,
    },
    status: { status: draft.state, availableReplicas: 1 },
  };
}

/** The value of the node label: a node name may have 253 characters, a label 63. Long names may share one. */
export function nodeLabel(nodeName: string): string {
  return nodeName.slice(0, LONGEST_LABEL).replace(/[-.]+$/, "");
}

function withoutNulls(values: Readonly<Record<string, string | null>>): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}

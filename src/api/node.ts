import * as v from "valibot";
import { kinds } from "./kinds.ts";
import { type Meta, objectSchema, readObject } from "./meta.ts";

const text = v.optional(v.string(), "");

/** How a node says which system it runs; the second is the name from before Kubernetes 1.14. */
const OS_LABELS = ["kubernetes.io/os", "beta.kubernetes.io/os"];

const nodeSchema = objectSchema({
  spec: v.optional(v.object({ providerID: text }), {}),
  status: v.optional(
    v.object({
      addresses: v.optional(v.nullable(v.array(v.object({ type: v.string(), address: v.string() })), []), []),
      nodeInfo: v.optional(v.object({ operatingSystem: text }), {}),
    }),
    {},
  ),
});

/** What we read of a Node. */
export type Node = {
  readonly meta: Meta;
  readonly providerId: string;
  readonly addresses: readonly string[];
  readonly isWindows: boolean;
};

/** Reads a Node. @throws Fault OBJECT_INVALID */
export function readNode(raw: unknown): Node {
  const { metadata, spec, status } = readObject(nodeSchema, kinds.node, raw);
  const systems = [...OS_LABELS.map((label) => metadata.labels[label]), status.nodeInfo.operatingSystem];
  return {
    meta: metadata,
    providerId: spec.providerID,
    addresses: status.addresses.map(({ address }) => address),
    isWindows: systems.some((system) => system?.toLowerCase() === "windows"),
  };
}

import * as v from "valibot";
import { kinds } from "./kinds.ts";
import { type Meta, objectSchema, readObject } from "./meta.ts";

const text = v.optional(v.string(), "");

const nodeSchema = objectSchema({
  spec: v.optional(v.object({ providerID: text }), {}),
  status: v.optional(
    v.object({
      addresses: v.optional(v.nullable(v.array(v.object({ type: v.string(), address: v.string() })), []), []),
    }),
    {},
  ),
});

/** What we read of a Node. */
export type Node = { readonly meta: Meta; readonly providerId: string; readonly addresses: readonly string[] };

/** Reads a Node. @throws Fault OBJECT_INVALID */
export function readNode(raw: unknown): Node {
  const { metadata, spec, status } = readObject(nodeSchema, kinds.node, raw);
  return { meta: metadata, providerId: spec.providerID, addresses: status.addresses.map(({ address }) => address) };
}

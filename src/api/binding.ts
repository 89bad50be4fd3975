import * as v from "valibot";
import { apiVersion, kinds } from "./kinds.ts";
import { type Meta, objectSchema, readObject, writeMeta } from "./meta.ts";
import { anySpelling } from "./spelling.ts";

const text = v.optional(v.string(), "");

const bindingSchema = objectSchema({
  spec: anySpelling({ azureIdentity: text, selector: text, weight: v.optional(v.number(), 0) }),
});

/** An AzureIdentityBinding: pods whose label has the value `selector` may use the identity of that name. */
export type Binding = {
  readonly meta: Meta;
  /** Name of an AzureIdentity in the binding's own namespace. */
  readonly identityName: string;
  readonly selector: string;
  readonly weight: number;
};

/** Reads an AzureIdentityBinding in today's or an older spelling. @throws Fault OBJECT_INVALID */
export function readBinding(raw: unknown): Binding {
  const { metadata, spec } = readObject(bindingSchema, kinds.binding, raw);
  return { meta: metadata, identityName: spec.azureIdentity, selector: spec.selector, weight: spec.weight };
}

/** The binding as an AzureAssignedIdentity embeds it. */
export function embedBinding(binding: Binding): object {
  return {
    apiVersion: apiVersion(kinds.binding),
    kind: kinds.binding.kind,
    metadata: writeMeta(binding.meta),
    spec: { azureIdentity: binding.identityName, selector: binding.selector, weight: binding.weight },
  };
}

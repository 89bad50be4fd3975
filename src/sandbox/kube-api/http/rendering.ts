import type { Target } from "../cluster.ts";
import { isList, isObject, type JsonObject } from "../json.ts";
import { asTable, type Carries, metadataOnly } from "../table/table.ts";
import { acceptedForm, carriesOf, type Form } from "./accept.ts";

/** The form in which a client wants what it asks for. */
export type Rendering = { readonly form: Form; readonly carries: Carries };

export const asObjects: Rendering = { form: "object", carries: "Metadata" };

/** Reads it from a request. @throws StatusError 400 or 406 */
export function readRendering(accept: string | undefined, query: URLSearchParams): Rendering {
  return { form: acceptedForm(accept), carries: carriesOf(query) };
}

/** An answer in the form that the client wants; one that is no object of the resource stays as it is. */
export function rendered(
  { resource }: Target,
  body: JsonObject,
  { form, carries }: Rendering,
  now: number,
): JsonObject {
  const isOwn = body.kind === resource.kind || body.kind === resource.listKind;
  if (form === "object" || !isOwn) return body;
  if (form === "table") return asTable(resource, body, { now, carries });
  if (!isList(body.items)) return metadataOnly(body);
  const items = body.items.filter(isObject).map(metadataOnly);
  return { ...metadataOnly(body), kind: "PartialObjectMetadataList", items };
}

import { isList, isObject, type Json, type JsonObject, objectOr } from "../json.ts";
import type { Resource } from "../resource.ts";
import { builtInForm, type TableForm } from "./columns.ts";
import { customForm } from "./printer-columns.ts";

/** What a row carries of its object. */
export type Carries = "None" | "Metadata" | "Object";

export type TableOptions = {
  /** Milliseconds since 1970: what ages are counted to. */
  readonly now: number;
  readonly carries: Carries;
};

const META = "meta.k8s.io/v1";
const formsOfCustom = new WeakMap<Resource, TableForm>();

function formOf(resource: Resource): TableForm {
  if (!resource.isCustom) return builtInForm(resource);
  const form = formsOfCustom.get(resource) ?? customForm(resource.printerColumns);
  formsOfCustom.set(resource, form);
  return form;
}

/** An object, or a list of them, as the table that `kubectl get` prints. */
export function asTable(resource: Resource, body: JsonObject, options: TableOptions): JsonObject {
  const { columns, cells } = formOf(resource);
  const items = isList(body.items) ? body.items.filter(isObject) : undefined;
  const metadata = objectOr(body.metadata);
  const rows = (items ?? [body]).map((object) => ({
    cells: cells(object, options.now),
    ...carried(resource, object, options),
  }));
  return {
    kind: "Table",
    apiVersion: META,
    metadata: items === undefined ? { resourceVersion: metadata.resourceVersion } : metadata,
    columnDefinitions: columns,
    rows,
  };
}

/** What a watch sends after its first table: the columns are known by then. */
export function withoutColumns(table: JsonObject): JsonObject {
  return { ...table, columnDefinitions: null };
}

function carried(resource: Resource, object: JsonObject, { carries }: TableOptions): { readonly object?: Json } {
  if (carries === "None") return {};
  return { object: carries === "Object" ? withKind(resource, object) : metadataOnly(object) };
}

/** An item of a list does not say what it is. */
function withKind({ kind, group, version }: Resource, object: JsonObject): JsonObject {
  return { kind, apiVersion: group === "" ? version : `${group}/${version}`, ...object };
}

/** An object without anything but its metadata, for clients that want no more. */
export function metadataOnly({ metadata }: JsonObject): JsonObject {
  return { kind: "PartialObjectMetadata", apiVersion: META, metadata };
}

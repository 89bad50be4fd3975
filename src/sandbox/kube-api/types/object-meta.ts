import { isObject, type Json, type JsonObject } from "../json.ts";

type Check = (value: Json) => boolean;

const isText: Check = (value) => typeof value === "string";
const isWhole: Check = (value) => Number.isInteger(value);
const isMap: Check = (value) => isObject(value) && Object.values(value).every((item) => typeof item === "string");
const isTexts: Check = (value) => Array.isArray(value) && value.every((item) => typeof item === "string");
const isObjects: Check = (value) => Array.isArray(value) && value.every(isObject);

/** The fields of ObjectMeta; `managedFields` and `selfLink` are dropped, since nothing here keeps them. */
const fields: Readonly<Record<string, { readonly check: Check; readonly type: string }>> = {
  name: { check: isText, type: "string" },
  generateName: { check: isText, type: "string" },
  namespace: { check: isText, type: "string" },
  uid: { check: isText, type: "types.UID" },
  resourceVersion: { check: isText, type: "string" },
  generation: { check: isWhole, type: "int64" },
  creationTimestamp: { check: isText, type: "v1.Time" },
  deletionTimestamp: { check: isText, type: "v1.Time" },
  deletionGracePeriodSeconds: { check: isWhole, type: "int64" },
  labels: { check: isMap, type: "string" },
  annotations: { check: isMap, type: "string" },
  ownerReferences: { check: isObjects, type: "[]v1.OwnerReference" },
  finalizers: { check: isTexts, type: "string" },
};

/**
 * The metadata with the fields that ObjectMeta has, without empty ones.
 * @throws Error that names the first field of a wrong type
 */
export function readObjectMeta(value: Json | undefined): JsonObject {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw new Error("json: cannot unmarshal a value that is no object into ObjectMeta");
  const kept = Object.entries(value).filter(([name, field]) => name in fields && !isEmpty(field));
  for (const [name, field] of kept) {
    const row = fields[name];
    if (row === undefined || field === undefined || row.check(field)) continue;
    throw new Error(
      `json: cannot unmarshal ${typeName(misfit(field))} into Go struct field ObjectMeta.${name} of type ${row.type}`,
    );
  }
  return Object.fromEntries(kept);
}

/** The names in metadata that ObjectMeta does not have. */
export function unknownMeta(metadata: Json): readonly string[] {
  const names = isObject(metadata) ? Object.keys(metadata) : [];
  return names.filter((name) => !(name in fields) && name !== "managedFields" && name !== "selfLink");
}

/** What does not fit: inside a map or a list, the first thing that is no text. */
function misfit(field: Json): Json {
  const items = typeof field === "object" && field !== null ? Object.values(field) : [];
  return items.find((item) => typeof item !== "string") ?? field;
}

function isEmpty(field: Json | undefined): boolean {
  if (field === null || field === undefined || field === "" || field === 0) return true;
  return typeof field === "object" && Object.keys(field).length === 0;
}

function typeName(value: Json): string {
  if (typeof value === "boolean") return "bool";
  return Array.isArray(value) ? "array" : typeof value;
}

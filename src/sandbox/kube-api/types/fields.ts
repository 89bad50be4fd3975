import { isList, isObject, type Json, type JsonObject } from "../json.ts";
import { goType, structOf } from "./go-types.ts";
import { fieldsOf, jsonFieldsOf, type KubeField } from "./kube-types.ts";

/** Where a value stands: its path with and without places in lists, and the field of Go that holds it. */
type Place = {
  readonly path: string;
  readonly goPath: string;
  readonly struct: string;
  readonly field: string;
  readonly unknown: string[];
};

/**
 * The paths of the fields that an object of a built-in type has and its type has not, in their order.
 * @throws Error in Go's words at the first value of a wrong type
 */
export function unknownFields(value: JsonObject, type: string): readonly string[] {
  const unknown: string[] = [];
  const { apiVersion: _version, kind: _kind, ...rest } = value;
  checkObject(rest, type, { path: "", goPath: "", struct: "", field: "", unknown });
  return unknown;
}

function checkObject(value: JsonObject, type: string, place: Place): void {
  const fields = fieldMap(type);
  const struct = structOf(type);
  for (const [name, item] of Object.entries(value)) {
    const path = join(place.path, name);
    const field = fields.get(name);
    if (field === undefined) place.unknown.push(path);
    else if (item !== null && item !== undefined) {
      checkValue(item, field.type, { ...place, path, goPath: join(place.goPath, name), struct, field: name });
    }
  }
}

function checkValue(value: Json, type: string, place: Place): void {
  if (type.startsWith("[]")) {
    if (!isList(value)) throw misfit(value, type, place);
    for (const [i, item] of value.entries()) {
      checkItem(item, type.slice(2), { ...place, path: `${place.path}[${i}]` });
    }
  } else if (type.startsWith("{}")) {
    if (!isObject(value)) throw misfit(value, type, place);
    for (const [name, item] of Object.entries(value)) {
      checkItem(item ?? null, type.slice(2), { ...place, path: join(place.path, name) });
    }
  } else if (fieldsOf(type) !== undefined) {
    if (!isObject(value)) throw misfit(value, type, place);
    checkObject(value, type, place);
  } else {
    const check = simple[type];
    if (check !== undefined && !check(value)) throw misfit(value, type, place);
  }
}

function checkItem(value: Json, type: string, place: Place): void {
  if (value !== null) checkValue(value, type, place);
}

const QUANTITY = /^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)$/;

const simple: Readonly<Record<string, (value: Json) => boolean>> = {
  string: (value) => typeof value === "string",
  bool: (value) => typeof value === "boolean",
  int: (value) => Number.isInteger(value),
  byte: (value) => Number.isInteger(value),
  float: (value) => typeof value === "number",
  bytes: (value) => {
    if (typeof value === "string" && !BASE64.test(value))
      throw new Error(`illegal base64 data at input byte ${badByte(value)}`);
    return typeof value === "string";
  },
  quantity: (value) => {
    const text = typeof value === "number" ? String(value) : value;
    if (typeof text !== "string" || !QUANTITY.test(text))
      throw new Error(`quantities must match the regular expression '${QUANTITY.source}'`);
    return true;
  },
  "int-or-string": (value) => typeof value === "string" || Number.isInteger(value),
  time: (value) => {
    if (typeof value === "string" && !TIME.test(value)) throw new Error(timeTrouble(value));
    return typeof value === "string";
  },
};

function timeTrouble(value: string): string {
  const text = JSON.stringify(value);
  return `parsing time ${text} as "2006-01-02T15:04:05Z07:00": cannot parse ${text} as "2006"`;
}

/** Where Go stops to read a text as base64. */
function badByte(text: string): number {
  const found = text.search(/[^A-Za-z0-9+/]/);
  return found < 0 ? text.length - (text.length % 4) : found;
}

function misfit(value: Json, type: string, { goPath, struct, field }: Place): Error {
  const wanted = goType(type, struct, field);
  return new Error(
    `json: cannot unmarshal ${goKind(value, wanted)} into Go struct field ${struct}.${goPath} of type ${wanted}`,
  );
}

function goKind(value: Json, wanted: string): string {
  if (typeof value === "boolean") return "bool";
  if (isList(value)) return "array";
  return typeof value === "number" && /^u?int/.test(wanted) ? `number ${value}` : typeof value;
}

const maps = new Map<string, ReadonlyMap<string, KubeField>>();

function fieldMap(type: string): ReadonlyMap<string, KubeField> {
  let map = maps.get(type);
  if (map === undefined) {
    map = new Map(jsonFieldsOf(type).map((field) => [field.name, field]));
    maps.set(type, map);
  }
  return map;
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

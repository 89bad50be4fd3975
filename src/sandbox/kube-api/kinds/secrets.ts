import { isEqual, isObject, type Json, type JsonObject, type KubeObject, objectOr } from "../json.ts";
import { badRequest, type FieldError, notAllowed, wrong } from "../status.ts";

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const FIXED = "field is immutable when `immutable` is set";

/** `stringData` is written in plain text and kept in `data`; a type once set stays. */
export function prepareSecret({ stringData, ...object }: JsonObject, old: KubeObject | undefined): JsonObject {
  const plain = Object.entries(objectOr(stringData)).map(([name, text]) => [name, encode(text)]);
  const data: JsonObject = { ...objectOr(object.data), ...Object.fromEntries(plain) };
  for (const value of Object.values(data)) {
    if (typeof value === "string" && BASE64.test(value)) continue;
    throw badRequest('Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 0');
  }
  const type = object.type ?? old?.type ?? "Opaque";
  return { ...object, ...(Object.keys(data).length > 0 || isObject(object.data) ? { data } : {}), type };
}

/** A secret's type stays, and so does everything in one that is immutable. */
export function secretErrors(object: JsonObject, old: KubeObject | undefined): readonly FieldError[] {
  if (old === undefined) return [];
  const isFixed = old.immutable === true;
  return [
    ...(object.type === old.type ? [] : [wrong("type", object.type, "field is immutable")]),
    ...(isFixed && object.immutable !== true ? [notAllowed("immutable", FIXED)] : []),
    ...(isFixed && !isEqual(object.data, old.data) ? [notAllowed("data", FIXED)] : []),
  ];
}

function encode(text: Json | undefined): string {
  return Buffer.from(String(text)).toString("base64");
}

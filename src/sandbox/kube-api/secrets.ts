import { isObject, type Json, type JsonObject, type KubeObject, objectOr } from "./json.ts";
import { badRequest } from "./status.ts";

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

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

function encode(text: Json | undefined): string {
  return Buffer.from(String(text)).toString("base64");
}

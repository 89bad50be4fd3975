import { isEqual, type JsonObject, type KubeObject, objectOr, textOr } from "../json.ts";
import { type FieldError, notAllowed, required, tooLong, wrong } from "../status.ts";
import { mapKeyErrors } from "./names.ts";

const MOST_BYTES = 1_048_576;
const FIXED = "field is immutable when `immutable` is set";

/** Rules of ConfigMaps. */
export function configMapErrors(map: JsonObject, old: KubeObject | undefined): FieldError[] {
  const [data, binary] = [objectOr(map.data), objectOr(map.binaryData)];
  const size = bytesOf(Object.values(data), "utf8") + bytesOf(Object.values(binary), "base64");
  return [
    ...Object.keys(data).flatMap((key) => [
      ...mapKeyErrors(`data[${key}]`, key),
      ...(key in binary ? [wrong(`data[${key}]`, key, "duplicate of key present in binaryData")] : []),
    ]),
    ...Object.keys(binary).flatMap((key) => mapKeyErrors(`binaryData[${key}]`, key)),
    ...(size > MOST_BYTES ? [tooLong("[]", MOST_BYTES)] : []),
    ...fixedErrors(map, old),
  ];
}

function fixedErrors(map: JsonObject, old: KubeObject | undefined): FieldError[] {
  if (old?.immutable !== true) return [];
  const changed = ["data", "binaryData"].filter((field) => !isEqual(map[field], old[field]));
  return [...(map.immutable === true ? [] : ["immutable"]), ...changed].map((field) => notAllowed(field, FIXED));
}

/** Keys without which a secret of a type is none. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
};
const BASIC = ["username", "password"];
const ACCOUNT = "kubernetes.io/service-account.name";

/** Rules of Secrets beyond that they stay what they are. */
export function secretDataErrors({ type, data: given, metadata }: JsonObject): FieldError[] {
  const data = objectOr(given);
  const missing = (keys: readonly string[]) => keys.filter((key) => !(key in data));
  const isNobodys = textOr(objectOr(objectOr(metadata).annotations)[ACCOUNT]) === "";
  const absent =
    type === "kubernetes.io/basic-auth" && missing(BASIC).length === BASIC.length
      ? BASIC
      : missing(KEYS[textOr(type)] ?? []);
  return [
    ...Object.keys(data).flatMap((key) => mapKeyErrors(`data[${key}]`, key)),
    ...(bytesOf(Object.values(data), "base64") > MOST_BYTES ? [tooLong("data", MOST_BYTES)] : []),
    ...absent.map((key) => required(`data[${key}]`)),
    ...(type === "kubernetes.io/service-account-token" && isNobodys
      ? [required(`metadata.annotations[${ACCOUNT}]`)]
      : []),
  ];
}

function bytesOf(values: readonly unknown[], encoding: "utf8" | "base64"): number {
  return values.reduce<number>((sum, value) => sum + Buffer.byteLength(String(value), encoding), 0);
}

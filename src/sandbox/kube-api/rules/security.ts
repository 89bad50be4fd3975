import { isObject, type Json, type JsonObject } from "../json.ts";
import { type FieldError, wrong } from "../status.ts";

/** The fields of a container's security context in the API server's order. */
const FIELDS = [
  ...["capabilities", "privileged", "seLinuxOptions", "windowsOptions", "runAsUser", "runAsGroup", "runAsNonRoot"],
  ...["readOnlyRootFilesystem", "allowPrivilegeEscalation", "procMount", "seccompProfile", "appArmorProfile"],
];

/** What cannot be both in a container's security context. */
export function securityErrors(context: Json | undefined, field: string): FieldError[] {
  if (!isObject(context) || context.allowPrivilegeEscalation !== false || context.privileged !== true) return [];
  const why = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
  return [wrong(field, shown(context), why)];
}

/** What cannot be both in a pod's spec. */
export function sharingErrors({ hostPID, shareProcessNamespace }: JsonObject, path: string): FieldError[] {
  if (hostPID !== true || shareProcessNamespace !== true) return [];
  const field = `${path}.securityContext.shareProcessNamespace`;
  return [wrong(field, true, "ShareProcessNamespace and HostPID cannot both be enabled")];
}

function shown(context: JsonObject): JsonObject {
  const capabilities = isObject(context.capabilities) && { add: null, drop: null, ...context.capabilities };
  const full: JsonObject = { ...context, ...(capabilities && { capabilities }) };
  return Object.fromEntries(FIELDS.map((name) => [goName(name), nested(full[name])]));
}

function nested(value: Json | undefined): Json {
  if (!isObject(value)) return value ?? null;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [goName(name), inner ?? null]));
}

function goName(name: string): string {
  return name === "seLinuxOptions" ? "SELinuxOptions" : name.charAt(0).toUpperCase() + name.slice(1);
}

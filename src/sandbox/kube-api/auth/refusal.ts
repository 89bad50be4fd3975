import type { Rbac } from "../rbac/rbac.ts";
import { forbidden, StatusError } from "../status.ts";
import type { Attributes } from "./attributes.ts";
import type { User } from "./user.ts";

/** Lets through what a user may do. @throws StatusError 403 that names the missing permission */
export function checkAllowed(rbac: Rbac, user: User, wanted: Attributes): void {
  const { isAllowed, reason } = rbac.decide(user, wanted);
  if (isAllowed) return;
  const why = `User ${JSON.stringify(user.name)} cannot ${wanted.verb} ${what(wanted)}${reason && `: ${reason}`}`;
  if (wanted.path !== "") throw new StatusError(403, "Forbidden", `forbidden: ${why}`, { details: {} });
  throw forbidden({ group: wanted.group, kind: "", plural: wanted.resource }, wanted.name, why);
}

function what({ path, group, resource, subresource, namespace }: Attributes): string {
  if (path !== "") return `path ${JSON.stringify(path)}`;
  const place = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`;
  return `resource "${resource}${subresource && `/${subresource}`}" in API group "${group}" ${place}`;
}

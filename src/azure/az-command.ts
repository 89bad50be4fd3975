import { parseResourceId } from "../api/resource-id.ts";
import { isScaleSet } from "./machine-name.ts";

const UNKNOWN_PRINCIPAL = "<object ID of the identity that MIC signs in with>";

/** The command that grants a role; Azure's error tells who lacks it. */
export function roleAssignment(role: string, principal: string | number | undefined, scope: string): string {
  const assignee = principal ?? quoted(UNKNOWN_PRINCIPAL);
  return `az role assignment create --role "${role}" --assignee-object-id ${assignee} --assignee-principal-type ServicePrincipal --scope ${quoted(scope)}`;
}

/** The command that takes identities off a machine. */
export function identityRemoval(machine: string, ids: readonly string[]): string {
  const { resourceGroup = "", name = "" } = parseResourceId(machine) ?? {};
  const noun = isScaleSet(machine) ? "vmss" : "vm";
  return `az ${noun} identity remove --resource-group ${quoted(resourceGroup)} --name ${quoted(name)} --identities ${ids.map(quoted).join(" ")}`;
}

/** One word for a shell, whoever has written the text: what a shell would read in it is not repeated. */
function quoted(text: string): string {
  return /^[\p{L}\p{Nd} /_.()<>-]+$/u.test(text) ? `"${text}"` : '"<the identity>"';
}

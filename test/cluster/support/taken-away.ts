import type { AuditedCall, PermissionChange } from "../../support/kube/audit-log.ts";
import { type AccountGrant, accountGrants, isUseOf, type Manifest } from "../../support/kube/rbac.ts";

/**
 * Tells the refusals that an uninstall brings: Helm deletes roles and bindings while pods that it deletes too are still
 * ending, so that these are refused what they were permitted until then. A role that is changed excuses nobody.
 */
export function takenAway(permissions: readonly PermissionChange[]): (call: AuditedCall) => boolean {
  const there = new Map<string, Manifest>();
  let before: readonly AccountGrant[] = [];
  let taken: readonly AccountGrant[] = [];
  const history = permissions
    .toSorted((one, other) => one.at - other.at)
    .map(({ object, isRemoved, at }) => {
      if (isRemoved) there.delete(keyOf(object));
      else there.set(keyOf(object), object);
      const now = accountGrants([...there.values()]);
      const lost = isRemoved ? without(before, now) : [];
      taken = without([...taken, ...lost], now);
      before = now;
      return { at, taken };
    });
  return (call) => {
    const then = history.findLast(({ at }) => at <= call.at)?.taken ?? [];
    return then.some((grant) => grant.account === call.user && isUseOf(call, grant));
  };
}

const keyOf = ({ kind, metadata: { namespace = "", name } }: Manifest) => `${kind} ${namespace}/${name}`;

const without = (grants: readonly AccountGrant[], others: readonly AccountGrant[]) => {
  const gone = new Set(others.map((one) => JSON.stringify(one)));
  return grants.filter((one) => !gone.has(JSON.stringify(one)));
};

import { type Identity, identityProblem, isNamespaced } from "../api/identity.ts";
import { objectKey } from "../api/meta.ts";
import type { Pod } from "../api/pod.ts";
import { Fault } from "../base/fault.ts";

/** How an administrator narrowed who may use what. */
export type Rules = {
  /** `--forceNamespaced`: every identity counts in its own namespace only. */
  readonly namespacedOnly: boolean;
};

/** Whether the identity counts in its own namespace only, by the rules or because it says so itself. */
export function isConfined(identity: Identity, rules: Rules): boolean {
  return rules.namespacedOnly || isNamespaced(identity);
}

/** Whether the rules keep the pod and the identity apart. */
export function isOutOfReach(pod: Pod, identity: Identity, rules: Rules): boolean {
  return isConfined(identity, rules) && identity.meta.namespace !== pod.meta.namespace;
}

/**
 * The step between choosing an identity and getting its token: may this pod use it, as both are now?
 * @throws Fault IDENTITY_NAMESPACED, or OBJECT_INVALID when the identity itself cannot be used
 */
export function authorise(pod: Pod, identity: Identity, rules: Rules): void {
  if (isOutOfReach(pod, identity, rules)) {
    throw new Fault("IDENTITY_NAMESPACED", "the identity may be used only by pods of its own namespace", {
      facts: { pod: objectKey(pod.meta), identity: objectKey(identity.meta) },
    });
  }
  const problem = identityProblem(identity);
  if (problem !== undefined) {
    const key = objectKey(identity.meta);
    // What belongs to another namespace is for the log alone.
    const message =
      identity.meta.namespace === pod.meta.namespace
        ? `AzureIdentity ${key} cannot be used: ${problem}`
        : "the AzureIdentity of another namespace cannot be used: it is not valid";
    throw new Fault("OBJECT_INVALID", message, { facts: { identity: key, problem } });
  }
}

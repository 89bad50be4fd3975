import type { Assignment } from "../api/assignment.ts";
import type { Binding } from "../api/binding.ts";
import { type Identity, identityProblem } from "../api/identity.ts";
import { BINDING_LABEL } from "../api/kinds.ts";
import { objectKey } from "../api/meta.ts";
import { bindingLabel, type Pod } from "../api/pod.ts";
import { isSameClientId, isSameResource } from "../api/resource-id.ts";
import type { TokenQuery } from "../api/token-query.ts";
import { redactClientId } from "../base/secret.ts";
import { assignmentProgress, type Progress } from "./assigned.ts";
import { isOutOfReach, type Rules } from "./authorise.ts";

/** How a request names an identity: either ID is enough, none means "whichever the pod has". */
export type Named = Pick<TokenQuery, "clientId" | "resourceId">;

/** The live objects that decide; those that are not about the pod make no difference. */
export type Known = {
  readonly identities: readonly Identity[];
  readonly bindings: readonly Binding[];
  readonly assignments: readonly Assignment[];
};

/** Which identity a pod gets, or why none. Sentences name nothing that the pod could not use anyway. */
export type Selection =
  | { readonly outcome: "chosen"; readonly identity: Identity }
  | { readonly outcome: "not-assigned"; readonly isCreated: boolean; readonly why: string }
  | { readonly outcome: "not-bound"; readonly mayChange: boolean; readonly why: string }
  | { readonly outcome: "denied"; readonly why: string; readonly identities: readonly string[] };

type Judged = { readonly identity: Identity; readonly progress: Progress };

/**
 * The identity that a pod gets for a request. It takes a live binding that selects the pod's label, the live identity
 * that the binding names, the namespace rules, and MIC's record that the machine carries the identity. Among several
 * that are ready the binding of the highest weight wins, then the first by binding namespace and name.
 */
export function selectIdentity(pod: Pod, named: Named, known: Known, rules: Rules): Selection {
  const bindings = selectingBindings(pod, known.bindings);
  const bound = bindings.flatMap((binding) => identityOf(binding, known.identities));
  if (bound.length === 0) return notBound(pod, bindings);

  const wanted = bound.filter((identity) => isNamed(identity, named));
  if (wanted.length === 0) {
    return { outcome: "not-bound", mayChange: true, why: `no identity bound to the pod has the ${nameOf(named)}` };
  }
  const reachable = wanted.filter((identity) => !isOutOfReach(pod, identity, rules));
  if (reachable.length === 0) {
    const why = "every identity bound to the pod may be used only by pods of its own namespace";
    return { outcome: "denied", why, identities: wanted.map(({ meta }) => objectKey(meta)) };
  }
  const judged = reachable.map((identity) => ({
    identity,
    progress: assignmentProgress(pod, identity, known.assignments, rules),
  }));
  const ready = judged.find(({ progress }) => progress === "assigned");
  return ready === undefined ? notAssigned(judged) : { outcome: "chosen", identity: ready.identity };
}

function selectingBindings(pod: Pod, bindings: readonly Binding[]): readonly Binding[] {
  const label = bindingLabel(pod);
  return bindings.filter(({ selector }) => label !== "" && selector === label).sort(byWeightThenName);
}

function byWeightThenName(a: Binding, b: Binding): number {
  return b.weight - a.weight || compare(a.meta.namespace, b.meta.namespace) || compare(a.meta.name, b.meta.name);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function identityOf({ identityName, meta }: Binding, identities: readonly Identity[]): readonly Identity[] {
  return identities.filter(
    (identity) => identity.meta.name === identityName && identity.meta.namespace === meta.namespace,
  );
}

function isNamed(identity: Identity, { clientId, resourceId }: Named): boolean {
  if (clientId === undefined && resourceId === undefined) return true;
  return (
    (clientId !== undefined && isSameClientId(identity.clientId, clientId)) ||
    (resourceId !== undefined && isSameResource(identity.resourceId, resourceId))
  );
}

function nameOf({ clientId, resourceId }: Named): string {
  const names = [
    clientId === undefined ? undefined : `client ID ${redactClientId(clientId)}`,
    resourceId === undefined ? undefined : `resource ID ${resourceId}`,
  ];
  return names.filter((name) => name !== undefined).join(" or the ");
}

function notBound(pod: Pod, bindings: readonly Binding[]): Selection {
  const label = bindingLabel(pod);
  if (label === "") {
    return { outcome: "not-bound", mayChange: false, why: `the pod has no label ${BINDING_LABEL}` };
  }
  const [binding] = bindings;
  const why =
    binding === undefined
      ? `no AzureIdentityBinding has the selector ${label}`
      : `there is no AzureIdentity ${binding.identityName} beside the AzureIdentityBinding that selects the pod`;
  return { outcome: "not-bound", mayChange: true, why };
}

function notAssigned(judged: readonly Judged[]): Selection {
  const isCreated = judged.some(({ progress }) => progress === "created");
  const [first] = judged.filter(({ progress }) => !isCreated || progress === "created");
  return { outcome: "not-assigned", isCreated, why: first === undefined ? "" : whyNotAssigned(first) };
}

function whyNotAssigned({ identity, progress }: Judged): string {
  const name = `AzureIdentity ${objectKey(identity.meta)}`;
  const problem = identityProblem(identity);
  if (problem !== undefined) return `${name} cannot be assigned: ${problem}`;
  if (progress === "created") return `${name} is not confirmed on the pod's machine yet`;
  if (progress === "outdated") return `the assignment of ${name} is older than the identity or the pod's node`;
  return `${name} is not assigned to the pod yet`;
}

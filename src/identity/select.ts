import type { Assignment } from "../api/assignment.ts";
import type { Binding } from "../api/binding.ts";
import { type Identity, identityProblem } from "../api/identity.ts";
import { BINDING_LABEL } from "../api/kinds.ts";
import { objectKey } from "../api/meta.ts";
import { bindingLabel, type Pod } from "../api/pod.ts";
import { isSameClientId, isSameResource } from "../api/resource-id.ts";
import type { TokenQuery } from "../api/token-query.ts";
import type { Facts } from "../base/fault.ts";
import { redactClientId } from "../base/secret.ts";
import { assignmentProgress, type Progress } from "./assigned.ts";
import { isOutOfReach, type Rules } from "./authorise.ts";

/** How a request names an identity: either ID is enough, none means "whichever the pod has". */
export type Named = Pick<TokenQuery, "clientId" | "resourceId">;

/** The live objects that decide; those that are not about the pod make no difference. */
export type Known = {
  readonly identities: readonly Identity[];
  readonly bindings: readonly Binding[];
  /** MIC's records; undefined in managed mode, where machines have their identities already and nobody records them. */
  readonly assignments: readonly Assignment[] | undefined;
};

/** Why a pod gets none: a sentence for the pod, which names nothing of other namespaces, and facts for the log alone. */
type Reason = { readonly why: string; readonly facts?: Facts };

/** Which identity a pod gets, or why none. */
export type Selection =
  | { readonly outcome: "chosen"; readonly identity: Identity }
  | ({ readonly outcome: "not-assigned"; readonly isCreated: boolean } & Reason)
  | ({ readonly outcome: "not-bound"; readonly mayChange: boolean } & Reason)
  | ({ readonly outcome: "denied" } & Reason);

type Judged = { readonly identity: Identity; readonly progress: Progress };

/**
 * The identity that a pod gets for a request. It takes a live binding that selects the pod's label, the live identity
 * that the binding names, the namespace rules, and MIC's record that the machine carries the identity; in managed mode no
 * record, but binding and identity have to be of the pod's own namespace. Among several that are ready the binding of
 * the highest weight wins, then the first by binding namespace and name.
 */
export function selectIdentity(pod: Pod, named: Named, known: Known, rules: Rules): Selection {
  const bindings = selectingBindings(pod, known);
  const bound = bindings.flatMap((binding) => identityOf(binding, known.identities));
  if (bound.length === 0) return notBound(pod, bindings, known);

  const wanted = bound.filter((identity) => isNamed(identity, named));
  if (wanted.length === 0) {
    return { outcome: "not-bound", mayChange: true, why: `no identity bound to the pod has the ${nameOf(named)}` };
  }
  const reachable = wanted.filter((identity) => !isOutOfReach(pod, identity, rules));
  if (reachable.length === 0) {
    const why = "every identity bound to the pod may be used only by pods of its own namespace";
    return { outcome: "denied", why, facts: { identities: wanted.map(({ meta }) => objectKey(meta)).join(",") } };
  }
  const judged = reachable.map((identity) => ({
    identity,
    progress: known.assignments ? assignmentProgress(pod, identity, known.assignments, rules) : ("assigned" as const),
  }));
  const ready = judged.find(({ progress }) => progress === "assigned");
  return ready === undefined ? notAssigned(pod, judged) : { outcome: "chosen", identity: ready.identity };
}

function isManaged({ assignments }: Known): boolean {
  return assignments === undefined;
}

function selectingBindings(pod: Pod, known: Known): readonly Binding[] {
  const label = bindingLabel(pod);
  return known.bindings
    .filter(({ selector }) => label !== "" && selector === label)
    .filter((binding) => !isManaged(known) || isOwn(pod, binding))
    .sort(byWeightThenName);
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

function notBound(pod: Pod, bindings: readonly Binding[], known: Known): Selection {
  const label = bindingLabel(pod);
  if (label === "") {
    return { outcome: "not-bound", mayChange: false, why: `the pod has no label ${BINDING_LABEL}` };
  }
  const [binding] = bindings;
  if (binding === undefined) {
    const where = isManaged(known) ? " of the pod's namespace" : "";
    return { outcome: "not-bound", mayChange: true, why: `no AzureIdentityBinding${where} has the selector ${label}` };
  }
  const name = isOwn(pod, binding) ? `AzureIdentity ${binding.identityName}` : "AzureIdentity";
  const why = `there is no ${name} beside the AzureIdentityBinding that selects the pod`;
  return { outcome: "not-bound", mayChange: true, why, facts: { binding: objectKey(binding.meta) } };
}

function notAssigned(pod: Pod, judged: readonly Judged[]): Selection {
  const isCreated = judged.some(({ progress }) => progress === "created");
  const [first] = judged.filter(({ progress }) => !isCreated || progress === "created");
  return { outcome: "not-assigned", isCreated, ...(first === undefined ? { why: "" } : whyNotAssigned(pod, first)) };
}

function whyNotAssigned(pod: Pod, { identity, progress }: Judged): Reason {
  const key = objectKey(identity.meta);
  const name = isOwn(pod, identity) ? `AzureIdentity ${key}` : "the AzureIdentity of another namespace";
  const problem = identityProblem(identity);
  if (problem !== undefined) {
    const told = isOwn(pod, identity) ? problem : "it is not valid";
    return { why: `${name} cannot be assigned: ${told}`, facts: { identity: key, problem } };
  }
  const facts = { identity: key };
  if (progress === "created") return { why: `${name} is not confirmed on the pod's machine yet`, facts };
  if (progress === "none") return { why: `${name} is not assigned to the pod yet`, facts };
  return { why: `the assignment of ${name} is older than the identity or the pod's node`, facts };
}

function isOwn(pod: Pod, { meta }: Identity | Binding): boolean {
  return meta.namespace === pod.meta.namespace;
}

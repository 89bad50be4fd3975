import { objectKey } from "../api/meta.ts";
import type { Pod } from "../api/pod.ts";
import { Fault } from "../base/fault.ts";
import { redactClientId } from "../base/secret.ts";
import type { Named, Selection } from "./select.ts";

/** How long NMI waits for an assignment, as the original's three flags say it. */
export type Patience = {
  readonly attemptsForCreated: number;
  readonly attemptsForAssigned: number;
  readonly intervalSeconds: number;
};

/**
 * Why a pod gets no identity, as a fault. The sentence is the original's, which people and tools look for, with our
 * reason where it always said `<nil>`.
 * @param patience undefined in managed mode, where no assignment is waited for
 */
export function refusal(
  selection: Exclude<Selection, { outcome: "chosen" }>,
  pod: Pod,
  named: Named,
  patience: Patience | undefined,
): Fault {
  const facts = { ...selection.facts, pod: objectKey(pod.meta) };
  const notFound = `no azure identity found for request clientID ${redactClientId(named.clientId ?? "")}: ${selection.why}`;
  if (selection.outcome === "denied") return new Fault("IDENTITY_NAMESPACED", notFound, { facts });
  if (patience === undefined) return new Fault("IDENTITY_NOT_BOUND", notFound, { facts });
  const isCreated = selection.outcome === "not-assigned" && selection.isCreated;
  const isAtOnce = selection.outcome === "not-bound" && !selection.mayChange;
  const waited = isAtOnce ? { ...patience, attemptsForCreated: 1 } : patience;
  const code = selection.outcome === "not-assigned" ? "IDENTITY_NOT_ASSIGNED" : "IDENTITY_NOT_BOUND";
  return new Fault(code, waitedInVain(isCreated, selection.why, pod, named, waited), { facts });
}

function waitedInVain(isCreated: boolean, why: string, pod: Pod, named: Named, patience: Patience): string {
  const { attemptsForCreated, attemptsForAssigned, intervalSeconds } = patience;
  const prefix = named.clientId === undefined ? "" : `clientID in request: ${redactClientId(named.clientId)}, `;
  const state = isCreated ? "ASSIGNED" : "CREATED";
  const attempts = isCreated ? attemptsForCreated + attemptsForAssigned : attemptsForCreated;
  return (
    `${prefix}getting assigned identities for pod ${objectKey(pod.meta)} in ${state} state failed after ${attempts} ` +
    `attempts, retry duration [${intervalSeconds}]s, error: ${why}. Check MIC pod logs for identity assignment errors`
  );
}

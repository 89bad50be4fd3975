import type { Identity } from "../../api/identity.ts";
import type { Pod } from "../../api/pod.ts";
import type { Token } from "../../api/token-answer.ts";
import type { TokenQuery } from "../../api/token-query.ts";
import { authorise } from "../../identity/authorise.ts";
import type { NmiPorts } from "../ports.ts";
import { discreet } from "./discretion.ts";

type Ports = Pick<NmiPorts, "identities" | "tokens" | "settings">;

/**
 * The identity that a pod gets for a query, and a token of it. Meanwhile the pod may have lost it: that is for the caller
 * to confirm. @throws Fault that says why there is none, as the pod may hear it
 */
export async function tokenFor(
  pod: Pod,
  query: TokenQuery,
  { identities, tokens, settings }: Ports,
  signal: AbortSignal,
): Promise<{ readonly identity: Identity; readonly token: Token }> {
  const chosen = await identities.assignedTo(pod, query, signal);
  const { identity } = chosen;
  authorise(pod, identity, settings);
  const { resource, bypassCache } = query;
  try {
    return { identity, token: await tokens.get({ ...chosen, podUid: pod.meta.uid, resource, bypassCache }, signal) };
  } catch (reason) {
    throw discreet(reason, pod, identity);
  }
}

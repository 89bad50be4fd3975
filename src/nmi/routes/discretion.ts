import type { Identity } from "../../api/identity.ts";
import { objectKey } from "../../api/meta.ts";
import type { Pod } from "../../api/pod.ts";
import { Fault, type FaultCode } from "../../base/fault.ts";

/** Faults whose sentences name what an identity and its Secret hold. */
const TELLING: readonly FaultCode[] = [
  "OBJECT_INVALID",
  "IDENTITY_DENIED",
  "SECRET_MISSING",
  "SECRET_INVALID",
  "SECRET_UNREADABLE",
];

/** Why a pod gets no token, as it may hear it: what belongs to another namespace is for the log alone. */
export function discreet(reason: unknown, pod: Pod, { meta }: Identity): unknown {
  if (meta.namespace === pod.meta.namespace || !Fault.is(reason, ...TELLING)) return reason;
  const message = "the AzureIdentity of another namespace cannot be used: the log of NMI says why";
  const facts = { ...reason.facts, identity: objectKey(meta), problem: reason.message };
  return new Fault(reason.code, message, { cause: reason, facts, retryAfterMs: reason.retryAfterMs });
}

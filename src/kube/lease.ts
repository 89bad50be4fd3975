import { kinds } from "../api/kinds.ts";
import type { KubeClient } from "./client.ts";
import { type LeaderLock, type LockClaim, type LockTerms, objectLock, termMs, transitionsOf } from "./lock.ts";
import { asRecord, asText, type ObjectRef } from "./wire.ts";

/** Leadership by a Lease, as today's Kubernetes programs do it. */
export function leaseLock(client: KubeClient, ref: ObjectRef): LeaderLock {
  return objectLock(client, ref, { kind: kinds.lease, read, write });
}

function read(raw: unknown): LockClaim {
  const spec = asRecord(asRecord(raw).spec);
  return {
    holder: asText(spec.holderIdentity),
    durationMs: termMs(spec.leaseDurationSeconds),
    transitions: transitionsOf(spec.leaseTransitions),
  };
}

function write(raw: object, { holder, durationMs, renewedAt, acquiredAt, transitions }: LockTerms): object {
  const spec = {
    holderIdentity: holder,
    leaseDurationSeconds: Math.ceil(durationMs / 1000),
    renewTime: microTime(renewedAt),
    ...(acquiredAt === undefined ? {} : { acquireTime: microTime(acquiredAt) }),
    ...(transitions === undefined ? {} : { leaseTransitions: transitions }),
  };
  return { ...raw, spec: { ...asRecord(asRecord(raw).spec), ...spec } };
}

/** A time as the API server's MicroTime takes it: with six digits after the second, no more and no less. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace(/Z$/, "000Z");
}

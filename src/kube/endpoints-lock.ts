import { kinds } from "../api/kinds.ts";
import { Fault } from "../base/fault.ts";
import type { KubeClient } from "./client.ts";
import { withAlternative } from "./faults.ts";
import { type LeaderLock, type LockClaim, type LockTerms, objectLock, termMs, transitionsOf } from "./lock.ts";
import { asRecord, asText, type ObjectRef } from "./wire.ts";

const ANNOTATION = "control-plane.alpha.kubernetes.io/leader";
/** Stands for whoever wrote what cannot be read. */
const UNREADABLE = "(unreadable)";

/**
 * Leadership by an annotation of an Endpoints object: the lock of Kubernetes programs before there were Leases, in the
 * format of client-go's `resourcelock`, so that such a program and this one never lead at the same time.
 *
 * @param otherwise what to do instead of granting a permission on Endpoints, for that sentence
 */
export function endpointsLock(client: KubeClient, ref: ObjectRef, otherwise: string): LeaderLock {
  const lock = objectLock(client, ref, { kind: kinds.endpoints, read, write });
  const advised = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (reason) {
      throw Fault.is(reason, "KUBE_FORBIDDEN") ? withAlternative(reason, otherwise) : reason;
    }
  };
  return {
    ...lock,
    look: (signal) => advised(lock.look(signal)),
    create: (terms, signal) => advised(lock.create(terms, signal)),
    update: (record, terms, signal) => advised(lock.update(record, terms, signal)),
  };
}

function annotations(raw: unknown): Readonly<Record<string, unknown>> {
  return asRecord(asRecord(asRecord(raw).metadata).annotations);
}

/** What the annotation holds; nothing when there is none, undefined when it cannot be read. */
function leaderRecord(raw: unknown): Readonly<Record<string, unknown>> | undefined {
  try {
    return asRecord(JSON.parse(asText(annotations(raw)[ANNOTATION] ?? "{}")));
  } catch {
    return undefined;
  }
}

/** An annotation that cannot be read counts as held: until it has not changed for the whole time. */
function read(raw: unknown): LockClaim {
  const record = leaderRecord(raw);
  if (record === undefined) return { holder: UNREADABLE, durationMs: 0, transitions: 0 };
  return {
    holder: asText(record.holderIdentity),
    durationMs: termMs(record.leaseDurationSeconds),
    transitions: transitionsOf(record.leaderTransitions),
  };
}

function write(raw: object, { holder, durationMs, renewedAt, acquiredAt, transitions }: LockTerms): object {
  const before = leaderRecord(raw) ?? {};
  const record = {
    holderIdentity: holder,
    leaseDurationSeconds: Math.ceil(durationMs / 1000),
    acquireTime: acquiredAt === undefined ? (before.acquireTime ?? null) : wholeSeconds(acquiredAt),
    renewTime: wholeSeconds(renewedAt),
    leaderTransitions: transitions ?? transitionsOf(before.leaderTransitions),
  };
  const metadata = asRecord(asRecord(raw).metadata);
  return {
    ...raw,
    metadata: { ...metadata, annotations: { ...annotations(raw), [ANNOTATION]: JSON.stringify(record) } },
  };
}

/** A time as client-go writes it: RFC 3339 in UTC, without a fraction. */
function wholeSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

import { apiVersion, type Kind } from "../api/kinds.ts";
import { Fault } from "../base/fault.ts";
import type { KubeClient } from "./client.ts";
import { type ObjectRef, rawMeta } from "./wire.ts";

/** What a lock says about who leads. */
export type LockClaim = {
  /** Empty when nobody holds it. */
  readonly holder: string;
  /** How long the holder promised that nobody else need look. */
  readonly durationMs: number;
  readonly transitions: number;
};
/** A version of the object that holds the lock. */
export type LockRecord = LockClaim & {
  readonly raw: unknown;
  readonly uid: string;
  readonly resourceVersion: string;
};
/** What a candidate writes; what is left out stays as it is. Times are milliseconds since 1970, for people only. */
export type LockTerms = {
  readonly holder: string;
  readonly durationMs: number;
  readonly renewedAt: number;
  readonly acquiredAt?: number;
  readonly transitions?: number;
};

/** An object on which candidates agree who leads. Its methods throw a Fault KUBE_* or the signal's reason. */
export type LeaderLock = {
  readonly kind: Kind;
  readonly ref: ObjectRef;
  /** Undefined when there is none. */
  look(signal: AbortSignal): Promise<LockRecord | undefined>;
  /** @throws Fault KUBE_CONFLICT when somebody else was quicker; the same for `update` */
  create(terms: LockTerms, signal: AbortSignal): Promise<LockRecord>;
  /** Writes over exactly this version; what others put into the object stays. */
  update(record: LockRecord, terms: LockTerms, signal: AbortSignal): Promise<LockRecord>;
  /** The holder now and at every change; undefined when the lock is gone. It ends by itself after a while. */
  watch(signal: AbortSignal): AsyncIterable<string | undefined>;
};

/** How an object of some kind tells who leads. */
export type LockFormat = {
  readonly kind: Kind;
  readonly read: (raw: unknown) => LockClaim;
  /** The object with the terms in it. */
  readonly write: (raw: object, terms: LockTerms) => object;
};

const WATCH_SECONDS = 300;
/** Longer than two of the API server's bookmarks, which come about once a minute. */
const IDLE_MS = 150_000;

/**
 * Nobody waits longer for a dead holder because of what it promised itself, unless by his own setting. Whoever may
 * write into the lock could otherwise lock everybody out for ever, by mistake or not: a holder that means it renews
 * long before.
 */
const LONGEST_TERM_MS = 600_000;
/** Kubernetes keeps 32 bits, and refuses a Lease with more. */
const MOST_TRANSITIONS = 2 ** 31 - 2;

/** What a lock says in seconds, in milliseconds; 0 for what is no time: then the own duration counts alone. */
export function termMs(seconds: unknown): number {
  const ms = Number(seconds) * 1_000;
  return ms > 0 ? Math.min(ms, LONGEST_TERM_MS) : 0;
}

/** How often a lock changed hands; counted anew from what is no such number. */
export function transitionsOf(count: unknown): number {
  return Number.isInteger(count) && Number(count) >= 0 && Number(count) <= MOST_TRANSITIONS ? Number(count) : 0;
}

/** A lock in one object of the API server. */
export function objectLock(client: KubeClient, ref: ObjectRef, { kind, read, write }: LockFormat): LeaderLock {
  const recordOf = (raw: unknown): LockRecord => {
    const { uid, resourceVersion } = rawMeta(raw);
    return { ...read(raw), raw, uid, resourceVersion };
  };
  return {
    kind,
    ref,
    async look(signal) {
      try {
        return recordOf(await client.get(kind, ref, signal));
      } catch (reason) {
        if (Fault.is(reason, "KUBE_NOT_FOUND")) return undefined;
        throw reason;
      }
    },
    async create(terms, signal) {
      const bare = { apiVersion: apiVersion(kind), kind: kind.kind, metadata: ref };
      return recordOf(await client.create(kind, ref.namespace, write(bare, terms), signal));
    },
    async update({ raw }, terms, signal) {
      return recordOf(await client.replace(kind, ref, write(raw as object, terms), signal));
    },
    async *watch(signal) {
      const query = { namespace: ref.namespace, fieldSelector: `metadata.name=${ref.name}` };
      // Without a version it begins with the object as it is now.
      const options = { resourceVersion: "", timeoutSeconds: WATCH_SECONDS, idleMs: IDLE_MS };
      for await (const { type, object } of await client.watch(kind, query, options, signal)) {
        if (type !== "BOOKMARK") yield type === "DELETED" ? undefined : read(object).holder;
      }
    },
  };
}

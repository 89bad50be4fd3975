import { apiVersion, kinds } from "../api/kinds.ts";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { KubeClient } from "./client.ts";
import { asRecord, asText, type ObjectRef, rawMeta } from "./wire.ts";

/** A Lease as leader election needs it. */
export type Lease = {
  readonly raw: unknown;
  readonly resourceVersion: string;
  /** Empty when nobody holds it. */
  readonly holder: string;
  /** How long the holder promised that nobody else need look. */
  readonly durationMs: number;
  readonly transitions: number;
};

export type LeaseSpec = {
  readonly holderIdentity: string;
  readonly leaseDurationSeconds: number;
  readonly renewTime: string;
  readonly acquireTime?: string;
  readonly leaseTransitions?: number;
};

/** One Lease object: the version that we know last, and since when. */
export class ObservedLease {
  readonly #client: KubeClient;
  readonly #ref: ObjectRef;
  readonly #clock: Clock;
  #latest: Lease | undefined;
  #seenAt = 0;

  constructor(client: KubeClient, ref: ObjectRef, clock: Clock) {
    this.#client = client;
    this.#ref = ref;
    this.#clock = clock;
  }

  /** Undefined when there is none, or nobody looked yet. */
  get latest(): Lease | undefined {
    return this.#latest;
  }

  /** For how long we have seen the latest version, by our own clock. */
  get unchangedMs(): number {
    return this.#clock.monotonic() - this.#seenAt;
  }

  async look(signal: AbortSignal): Promise<Lease | undefined> {
    try {
      return this.#remember(await this.#client.get(kinds.lease, this.#ref, signal));
    } catch (reason) {
      if (!Fault.is(reason, "KUBE_NOT_FOUND")) throw reason;
      this.#latest = undefined;
      return undefined;
    }
  }

  /** @throws Fault KUBE_CONFLICT when somebody else was quicker; the same for `update` */
  async create(spec: LeaseSpec, signal: AbortSignal): Promise<void> {
    const lease = { apiVersion: apiVersion(kinds.lease), kind: kinds.lease.kind, metadata: this.#ref, spec };
    this.#remember(await this.#client.create(kinds.lease, this.#ref.namespace, lease, signal));
  }

  /** Writes over exactly this version; what others put into the Lease stays. */
  async update(lease: Lease, spec: LeaseSpec, signal: AbortSignal): Promise<void> {
    const raw = asRecord(lease.raw);
    const changed = { ...raw, spec: { ...asRecord(raw.spec), ...spec } };
    this.#remember(await this.#client.replace(kinds.lease, this.#ref, changed, signal));
  }

  #remember(raw: unknown): Lease {
    const lease = readLease(raw);
    if (lease.resourceVersion !== this.#latest?.resourceVersion) this.#seenAt = this.#clock.monotonic();
    this.#latest = lease;
    return lease;
  }
}

function readLease(raw: unknown): Lease {
  const spec = asRecord(asRecord(raw).spec);
  return {
    raw,
    resourceVersion: rawMeta(raw).resourceVersion,
    holder: asText(spec.holderIdentity),
    durationMs: Number(spec.leaseDurationSeconds ?? 0) * 1000,
    transitions: Number(spec.leaseTransitions ?? 0),
  };
}

/** A time as the API server's MicroTime takes it: with six digits after the second, no more and no less. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace(/Z$/, "000Z");
}

import { kinds } from "../api/kinds.ts";
import { objectKey } from "../api/meta.ts";
import { type KubeSecret, readSecret, secretVersion } from "../api/secret.ts";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import { raceAbort } from "../base/single-flight.ts";
import type { KubeClient } from "../kube/client.ts";

type Ref = { readonly namespace: string; readonly name: string };
type Reading = { readonly startedAt: number; readonly result: Promise<KubeSecret> };

export type LiveSecretsOptions = {
  readonly client: Pick<KubeClient, "get">;
  readonly clock: Clock;
  /** Told of each look that failed. */
  readonly onFailed?: () => void;
  /** How long one look may take. */
  readonly timeLimitMs?: number;
};

/** How old what is known of a Secret may be, counted from the moment that the API server was asked. */
const TRUST_MS = 1000;
/** A pod whose token is at hand waits so long at most for an API server that does not answer. */
const TIME_LIMIT_MS = 3000;
const MOST_VERSIONS = 1000;

/**
 * Secrets as the API server has them. Whoever asks within a second shares one look; contents are kept no longer than
 * until the next look at any. Versions are kept, so that tokens at hand can be served while the API server is away.
 */
export class LiveSecrets {
  readonly #options: LiveSecretsOptions;
  /** In order of their start. */
  readonly #readings = new Map<string, Reading>();
  /** Of Secrets that were there when they were last looked at; the least recent first. */
  readonly #versions = new Map<string, string>();

  constructor(options: LiveSecretsOptions) {
    this.#options = options;
  }

  /** @throws Fault SECRET_MISSING, or SECRET_UNREADABLE while the API server is away; the signal's reason */
  async read(ref: Ref, signal: AbortSignal): Promise<KubeSecret> {
    return await raceAbort(this.#recent(ref).result, signal);
  }

  /** The version; while the API server is away, of the last look. @throws Fault as `read` */
  async version(ref: Ref, signal: AbortSignal): Promise<string> {
    try {
      return secretVersion(await this.read(ref, signal));
    } catch (reason) {
      const last = this.#versions.get(objectKey(ref));
      if (last !== undefined && Fault.is(reason, "SECRET_UNREADABLE")) return last;
      throw reason;
    }
  }

  #recent(ref: Ref): Reading {
    const now = this.#options.clock.monotonic();
    for (const [key, { startedAt }] of this.#readings) {
      if (now - startedAt < TRUST_MS) break;
      this.#readings.delete(key);
    }
    const key = objectKey(ref);
    const recent = this.#readings.get(key);
    if (recent !== undefined) return recent;
    const reading = { startedAt: now, result: this.#look(ref) };
    reading.result.catch(() => {}); // also when everybody who asked has left
    this.#readings.set(key, reading);
    return reading;
  }

  async #look(ref: Ref): Promise<KubeSecret> {
    const { client, timeLimitMs = TIME_LIMIT_MS, onFailed } = this.#options;
    try {
      const secret = readSecret(await client.get(kinds.secret, ref, AbortSignal.timeout(timeLimitMs)));
      this.#note(ref, secretVersion(secret));
      return secret;
    } catch (reason) {
      onFailed?.();
      const fault = faultOf(reason, ref);
      if (fault.kind !== "upstream") this.#versions.delete(objectKey(ref));
      throw fault;
    }
  }

  #note(ref: Ref, version: string): void {
    const key = objectKey(ref);
    this.#versions.delete(key);
    this.#versions.set(key, version);
    const [oldest] = this.#versions.keys();
    if (oldest !== undefined && this.#versions.size > MOST_VERSIONS) this.#versions.delete(oldest);
  }
}

/** What the API server said, and what to do; the beginning is the original's, which people search for. */
function faultOf(reason: unknown, ref: Ref): Fault {
  const failed = `failed to get Kubernetes secret ${objectKey(ref)}`;
  const options = { cause: reason };
  if (Fault.is(reason, "KUBE_NOT_FOUND")) {
    return new Fault("SECRET_MISSING", `${failed}: there is none, create it or correct spec.clientPassword`, options);
  }
  if (Fault.is(reason, "KUBE_FORBIDDEN")) {
    const todo = `grant "get" on secrets in namespace ${ref.namespace} to NMI's account`;
    return new Fault("SECRET_MISSING", `${failed}: NMI may not read it, ${todo}`, options);
  }
  if (Fault.is(reason, "OBJECT_INVALID")) return new Fault("SECRET_INVALID", `${failed}: it is not one`, options);
  const why = reason instanceof Fault ? reason.message : "no answer in time";
  return new Fault("SECRET_UNREADABLE", `${failed}: the API server is away`, { ...options, facts: { why } });
}

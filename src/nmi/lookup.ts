import type { Assignment } from "../api/assignment.ts";
import type { Binding } from "../api/binding.ts";
import { type Identity, identityKey } from "../api/identity.ts";
import { objectKey } from "../api/meta.ts";
import { bindingLabel, type Pod } from "../api/pod.ts";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Rules } from "../identity/authorise.ts";
import { type Patience, refusal } from "../identity/refusal.ts";
import { type Known, type Named, type Selection, selectIdentity } from "../identity/select.ts";
import type { Refusals } from "./limits/refusals.ts";
import type { Chosen, Live } from "./ports.ts";
import { Unchanged } from "./unchanged.ts";
import { UNSEEN_MS, until } from "./until.ts";

/** How long Azure may take to know an identity everywhere after the machine got it. */
const SPREADING_MS = 3 * 60_000;

export const bindingIndexes = { selector: ({ selector }: Binding): readonly string[] => [selector] };
export const assignmentIndexes = {
  pod: ({ pod, podNamespace }: Assignment): readonly string[] => [objectKey({ namespace: podNamespace, name: pod })],
  identity: ({ identity }: Assignment): readonly string[] => [identityKey(identity)],
};

export type LookupOptions = {
  readonly pods: Live<Pod>;
  readonly identities: Live<Identity>;
  /** Indexed by `bindingIndexes`. */
  readonly bindings: Live<Binding>;
  /** Indexed by `assignmentIndexes`; ready once the first list is complete. Undefined in managed mode. */
  readonly assignments: (Live<Assignment> & { readonly isReady: boolean }) | undefined;
  readonly rules: Rules;
  /** How long assignments are waited for. */
  readonly patience: Patience;
  /** Asked before a request of a pod waits, with its UID; what it gives ends with the wait. @throws Fault when it may not */
  readonly beforeWait?: (podUid: string) => Disposable;
  readonly refusals?: Refusals;
  readonly clock: Clock;
};

type Refused = Exclude<Selection, { outcome: "chosen" }>;

/** Finds a pod's identity in what the API server shows right now, and waits for one that is on its way. */
export class IdentityLookup implements Disposable {
  readonly #options: LookupOptions;
  readonly #assignedAt = new Map<string, number>();
  readonly #unsubscribe: () => void;
  /** Identities that pods got and that were confirmed to them. */
  readonly #given: Unchanged<Identity>;

  constructor(options: LookupOptions) {
    this.#options = options;
    const { pods, identities, bindings, assignments } = options;
    this.#given = new Unchanged([pods, identities, bindings, assignments]);
    const unsubscribe = options.assignments?.onChange(({ before, after }) => this.#note(before, after));
    this.#unsubscribe = unsubscribe ?? (() => {});
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
    this.#given[Symbol.dispose]();
  }

  /**
   * The identity for a request. One that is not there yet is waited for as long as the original did, and answered the
   * moment a change brings it. In managed mode nobody assigns; there it is given the little time in which a pod and
   * a binding that were created together are both seen, since clients do not ask again after a 404.
   * @throws Fault IDENTITY_NOT_ASSIGNED, IDENTITY_NOT_BOUND or IDENTITY_NAMESPACED
   */
  async assignedTo(pod: Pod, named: Named, signal: AbortSignal): Promise<Chosen> {
    let seen = this.#select(pod, named);
    if (!isDecided(seen)) {
      const { beforeWait, refusals } = this.#options;
      const wait = async () => {
        using _ = beforeWait?.(pod.meta.uid);
        seen = await this.#waited(pod, named, signal);
        if (seen.outcome !== "chosen") throw this.#refusal(seen, pod, named);
      };
      const question = JSON.stringify(["identity", named.clientId, named.resourceId]);
      await (refusals?.run(pod.meta.uid, question, wait) ?? wait());
    }
    if (seen.outcome !== "chosen") throw this.#refusal(seen, pod, named);
    return { identity: seen.identity, isJustAssigned: this.#isJustAssigned(pod, seen.identity) };
  }

  /** What is seen once waiting cannot change it, or has lasted as long as it may. */
  async #waited(pod: Pod, named: Named, signal: AbortSignal): Promise<Selection> {
    const { attemptsForCreated, attemptsForAssigned, intervalSeconds } = this.#options.patience;
    const wait = (isEnough: (seen: Selection) => boolean, timeoutMs: number) =>
      until(() => this.#select(pod, named), isEnough, {
        onChange: (listener) => this.#onChange(listener),
        timeoutMs,
        clock: this.#options.clock,
        signal,
      });
    const intervalMs = intervalSeconds * 1000;
    const seen = await wait(isDecided, this.#isManaged ? UNSEEN_MS : attemptsForCreated * intervalMs);
    if (!isCreated(seen)) return seen;
    return await wait((later) => isDecided(later) || !isCreated(later), attemptsForAssigned * intervalMs);
  }

  /** Looks once more, after a token was fetched. @throws Fault as `assignedTo` when the pod lost the identity */
  confirm(pod: Pod, identity: Identity): void {
    const key = `${pod.meta.uid}\n${identity.meta.uid}`;
    if (this.#given.get(key) === identity) return;
    const known = this.#known(this.#livePod(pod));
    const same = known.identities.filter(({ meta }) => meta.uid === identity.meta.uid);
    const seen = this.#selectFrom(pod, noName, { ...known, identities: same });
    if (seen.outcome !== "chosen") throw this.#refusal(seen, pod, noName);
    if (givesSameToken(seen.identity, identity)) {
      this.#given.keep(key, identity);
      return;
    }
    const changed: Refused = { outcome: "not-assigned", isCreated: false, why: "the identity was changed meanwhile" };
    throw this.#refusal(changed, pod, noName);
  }

  get #isManaged(): boolean {
    return this.#options.assignments === undefined;
  }

  #refusal(seen: Refused, pod: Pod, named: Named): Fault {
    return refusal(seen, pod, named, this.#isManaged ? undefined : this.#options.patience);
  }

  #select(pod: Pod, named: Named): Selection {
    const key = JSON.stringify([pod.meta.uid, named.clientId, named.resourceId]);
    const kept = this.#given.get(key);
    if (kept !== undefined) return { outcome: "chosen", identity: kept };
    const live = this.#livePod(pod);
    const seen = this.#selectFrom(live, named, this.#known(live));
    if (seen.outcome === "chosen") this.#given.keep(key, seen.identity);
    return seen;
  }

  #selectFrom(pod: Pod, named: Named, known: Known): Selection {
    return selectIdentity(pod, named, known, this.#options.rules);
  }

  /** The pod as it is now: its label may have changed, or the pod may be gone. */
  #livePod(pod: Pod): Pod {
    const live = this.#options.pods.get(pod.meta);
    if (live?.meta.uid === pod.meta.uid) return live;
    throw new Fault("CALLER_CHANGED", "the calling pod is no longer on this node", {
      facts: { pod: objectKey(pod.meta) },
    });
  }

  #known(pod: Pod): Known {
    const { bindings, identities, assignments } = this.#options;
    const selecting = bindings.by("selector", bindingLabel(pod));
    const named = new Map(
      selecting.map(({ meta, identityName }) => {
        const ref = { namespace: meta.namespace, name: identityName };
        return [objectKey(ref), identities.get(ref)];
      }),
    );
    return {
      bindings: selecting,
      identities: [...named.values()].filter((identity) => identity !== undefined),
      assignments: assignments?.by("pod", objectKey(pod.meta)),
    };
  }

  #onChange(listener: () => void): () => void {
    const { pods, identities, bindings, assignments } = this.#options;
    const ends = [pods, identities, bindings, assignments].map((live) => live?.onChange(listener));
    return () => {
      for (const end of ends) end?.();
    };
  }

  #note(before: Assignment | undefined, after: Assignment | undefined): void {
    // What the first list shows may have been assigned long ago.
    if (this.#options.assignments?.isReady !== true) return;
    if (after === undefined) this.#assignedAt.delete(before?.meta.uid ?? "");
    else if (after.state === "Assigned" && before?.state !== "Assigned") {
      this.#assignedAt.set(after.meta.uid, this.#options.clock.monotonic());
    }
  }

  #isJustAssigned(pod: Pod, identity: Identity): boolean {
    const since = this.#options.clock.monotonic() - SPREADING_MS;
    const records = this.#options.assignments?.by("pod", objectKey(pod.meta)) ?? [];
    return records
      .filter((record) => objectKey(record.identity.meta) === objectKey(identity.meta))
      .some(({ meta }) => (this.#assignedAt.get(meta.uid) ?? Number.NEGATIVE_INFINITY) > since);
  }
}

const noName: Named = { clientId: undefined, resourceId: undefined };

/** Whether waiting cannot change the answer, or need not. */
function isDecided(seen: Selection): boolean {
  if (seen.outcome === "not-assigned") return false;
  return seen.outcome !== "not-bound" || !seen.mayChange;
}

function isCreated(seen: Selection): boolean {
  return seen.outcome === "not-assigned" && seen.isCreated;
}

/** Whether a token that was got for one is the other's: a service principal's depends on all that its object says. */
function givesSameToken(now: Identity, then: Identity): boolean {
  const isSame = now.clientId === then.clientId && now.resourceId === then.resourceId && now.type === then.type;
  return isSame && (now.type === 0 || now.meta.generation === then.meta.generation);
}

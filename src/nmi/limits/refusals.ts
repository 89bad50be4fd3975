import type { Assignment } from "../../api/assignment.ts";
import type { Pod } from "../../api/pod.ts";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { Live } from "../ports.ts";

const KEPT_MS = 10_000;

type Kept = { readonly podUid: string; readonly fault: Fault; readonly endsAt: number };
/** An answer that is being found; not current once something changed that it may rest on. */
type Search = { readonly podUid: string; isCurrent: boolean };

export type RefusalsOptions = {
  readonly clock: Clock;
  readonly onRepeated?: (podUid: string) => void;
};

/**
 * What pods were refused a moment ago, so that one that asks in a loop is neither waited with nor asked for again. What
 * may be otherwise the next moment, such as trouble of the network, is not kept.
 */
export class Refusals {
  readonly #options: RefusalsOptions;
  /** The oldest first. */
  readonly #kept = new Map<string, Kept>();
  readonly #searches = new Set<Search>();

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  /**
   * What `work` comes to, or the refusal that it came to before. `work` is given a function that says that its outcome
   * is not to be kept. The question says all that the answer rests on but what is watched.
   */
  async run<T>(podUid: string, question: string, work: (unkept: () => void) => Promise<T>): Promise<T> {
    const key = `${podUid}\n${question}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined && this.#options.clock.monotonic() < kept.endsAt) {
      this.#options.onRepeated?.(podUid);
      throw kept.fault;
    }
    const search = { podUid, isCurrent: true };
    this.#searches.add(search);
    const unkept = () => {
      search.isCurrent = false;
    };
    try {
      return await work(unkept);
    } catch (reason) {
      if (search.isCurrent && isRefusal(reason)) this.#keep(key, podUid, reason);
      throw reason;
    } finally {
      this.#searches.delete(search);
    }
  }

  /** Something changed that refusals of the pod may rest on; without a pod, those of every pod. */
  drop(podUid?: string): void {
    const isMeant = (one: { readonly podUid: string }) => podUid === undefined || one.podUid === podUid;
    for (const [key, kept] of this.#kept) if (isMeant(kept)) this.#kept.delete(key);
    for (const search of this.#searches) if (isMeant(search)) search.isCurrent = false;
  }

  /** How many are kept. */
  get size(): number {
    return this.#kept.size;
  }

  #keep(key: string, podUid: string, fault: Fault): void {
    const now = this.#options.clock.monotonic();
    for (const [old, { endsAt }] of this.#kept) {
      if (now < endsAt) break;
      this.#kept.delete(old);
    }
    this.#kept.delete(key);
    this.#kept.set(key, { podUid, fault, endsAt: now + KEPT_MS });
  }
}

export type DropOptions = {
  readonly refusals: Refusals;
  readonly pods: Live<Pod>;
  readonly assignments: Live<Assignment> | undefined;
  /** What decides about more pods than one: identities, bindings, exceptions. */
  readonly others: readonly { onChange(listener: () => void): () => void }[];
};

/** Drops refusals when what they rest on changes. */
export function dropRefusals({ refusals, pods, assignments, others }: DropOptions): Disposable {
  const ends = [
    pods.onChange(({ before, after }) => {
      for (const pod of [before, after]) if (pod !== undefined) refusals.drop(pod.meta.uid);
    }),
    assignments?.onChange(({ before, after }) => {
      for (const record of [before, after]) {
        const pod = record && pods.get({ namespace: record.podNamespace, name: record.pod });
        if (pod !== undefined) refusals.drop(pod.meta.uid);
      }
    }),
    ...others.map((live) => live.onChange(() => refusals.drop())),
  ];
  return {
    [Symbol.dispose]: () => {
      for (const end of ends) end?.();
    },
  };
}

function isRefusal(reason: unknown): reason is Fault {
  if (!(reason instanceof Fault) || reason.code === "CANCELLED") return false;
  return reason.kind === "denied" || reason.kind === "absent" || reason.kind === "caller";
}

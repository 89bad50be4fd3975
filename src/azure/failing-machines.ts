import { resourceKey } from "../api/resource-id.ts";
import { Backoff } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";

type FailingMachinesOptions = { readonly clock: Clock; readonly random: () => number };
type Failing = { at: number; readonly backoff: Backoff };

const MINUTE_MS = 60_000;
/** What has not failed for so long is forgotten. */
const FORGOTTEN_MS = 60 * MINUTE_MS;

/** Machines for which Azure has nothing but trouble: one alone is sick, several in a row mean that Azure is. */
export class FailingMachines {
  readonly #options: FailingMachinesOptions;
  readonly #machines = new Map<string, Failing>();
  /** Those that failed since Azure answered for any, and when. */
  readonly #inRow = new Map<string, number>();

  constructor(options: FailingMachinesOptions) {
    this.#options = options;
  }

  /** A machine has failed. How long it rests, in milliseconds, and how many machines failed in a row within a minute. */
  failed(id: string): { readonly restMs: number; readonly inRow: number } {
    const { clock, random } = this.#options;
    const key = resourceKey(id);
    const at = clock.monotonic();
    for (const [other, one] of this.#machines) if (one.at <= at - FORGOTTEN_MS) this.#machines.delete(other);
    const backoff = this.#machines.get(key)?.backoff ?? new Backoff({ firstMs: 1_000, maxMs: MINUTE_MS, random });
    this.#machines.set(key, { at, backoff });
    this.suspect(id);
    const inRow = [...this.#inRow.values()].filter((other) => other > at - MINUTE_MS).length;
    return { restMs: backoff.next(), inRow };
  }

  /** A call for a machine has failed, which may or may not be about the machine. */
  suspect(id: string): void {
    this.#inRow.set(resourceKey(id), this.#options.clock.monotonic());
  }

  /** Azure has answered for a machine. */
  answered(id: string): void {
    this.#machines.delete(resourceKey(id));
    this.#inRow.clear();
  }

  /** Whether a machine has failed since Azure answered for any. */
  isSuspect(id: string): boolean {
    return this.#inRow.has(resourceKey(id));
  }
}

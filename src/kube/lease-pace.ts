import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import { Deadline } from "./deadline.ts";

type LeasePaceOptions = { readonly durationMs: number; readonly clock: Clock; readonly random?: () => number };

/** The holder counts as such for this part of the duration, while others wait for the whole of it. */
const HELD_SHARE = 0.7;

/** How long things take in a lease of a duration D. */
export class LeasePace {
  readonly #options: LeasePaceOptions;

  constructor(options: LeasePaceOptions) {
    this.#options = options;
  }

  /** How long one write proves leadership. */
  get heldMs(): number {
    return this.#options.durationMs * HELD_SHARE;
  }

  /** D/8 to D/4. */
  renewalPauseMs(): number {
    const { durationMs, random = Math.random } = this.#options;
    return (durationMs / 8) * (1 + random());
  }

  /** A slow answer is waited for, but no longer than a leader could wait for it. @throws Fault KUBE_UNREACHABLE */
  async answered<T>(ask: (signal: AbortSignal) => Promise<T>, outer?: AbortSignal): Promise<T> {
    const { durationMs, clock } = this.#options;
    const ms = durationMs / 2;
    const reason = () => new Fault("KUBE_UNREACHABLE", `the API server gave no answer within ${ms} ms`);
    using limit = new Deadline({ ms, reason, outer, clock });
    return await ask(limit.signal);
  }
}

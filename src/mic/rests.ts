import type { MachinePlan } from "../assignment/types.ts";
import type { Clock } from "../base/clock.ts";
import type { Fault } from "../base/fault.ts";
import { asksForMore, needsAzure, type Parts, whatMayWait, withoutAzure } from "./wish.ts";

/**
 * What a rest holds back: `same` what was asked for before, since another wish may fare better; `refused` that too, but
 * not what may wait, since nothing is wrong with the API server; `azure` changes of the machine itself, whatever is
 * wished; `room` those too, until Azure's limits leave room for one: nothing has failed; `all` everything.
 */
type Held = { readonly hold: "same" | "refused"; readonly asked: Parts } | { readonly hold: "azure" | "room" | "all" };
type Rest = Held & { readonly end: AbortController; readonly untilMs: number };

/** Machines that are left alone for a while. */
export class Rests {
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  readonly #rests = new Map<string, Rest>();
  /** Kept apart, since nothing that fails meanwhile makes them shorter. */
  readonly #azureRests = new Map<string, Rest>();

  constructor(clock: Clock, onEnd: () => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  /** Leaves a machine alone until the time is over or `release` lets it go. */
  begin(machine: string, held: Held, ms: number, signal: AbortSignal): void {
    const rests = held.hold === "azure" || held.hold === "room" ? this.#azureRests : this.#rests;
    const rest = { ...held, end: new AbortController(), untilMs: this.#clock.monotonic() + ms };
    rests.get(machine)?.end.abort();
    rests.set(machine, rest);
    const wake = () => {
      if (rests.get(machine) !== rest) return; // it was let go before
      rests.delete(machine);
      this.#onEnd();
    };
    void this.#clock.sleep(ms, AbortSignal.any([signal, rest.end.signal])).then(wake, wake);
  }

  /** Ends a rest that holds back less than the plan asks for; answers whether it did. */
  release(plan: MachinePlan): boolean {
    const rest = this.#rests.get(plan.machine);
    if (rest?.hold !== "same" && rest?.hold !== "refused") return false;
    if (!asksForMore(plan, rest.asked)) return false;
    this.#rests.delete(plan.machine);
    rest.end.abort();
    return true;
  }

  /** How long a machine still waits for room in Azure's limits, in milliseconds; 0 when it does not. */
  roomInMs(machine: string): number {
    const rest = this.#azureRests.get(machine);
    return rest?.hold === "room" ? Math.max(0, rest.untilMs - this.#clock.monotonic()) : 0;
  }

  /** Ends all rests. */
  endAll(): void {
    const rests = [...this.#rests.values(), ...this.#azureRests.values()];
    this.#rests.clear();
    this.#azureRests.clear();
    for (const { end } of rests) end.abort();
    this.#onEnd();
  }

  /** The part of a plan that no rest holds back. */
  allow(plan: MachinePlan): MachinePlan | undefined {
    const rest = this.#rests.get(plan.machine);
    if (rest !== undefined) return rest.hold === "refused" ? whatMayWait(plan) : undefined;
    return this.#azureRests.has(plan.machine) && needsAzure(plan) ? withoutAzure(plan) : plan;
  }
}

/** What a rest after a failure holds back. A pause that somebody asked for is kept whatever we wish: Azure asks for one with all kinds of errors. */
export function holdFor({ kind, code, retryAfterMs }: Fault): "same" | "azure" | "all" {
  const isAzures = /^(ARM|ENTRA|IMDS)_/.test(code);
  if (isAzures && retryAfterMs !== undefined) return "azure";
  if (kind !== "throttled") return "same";
  return isAzures ? "azure" : "all";
}

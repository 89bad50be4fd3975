import type { Clock } from "../../base/clock.ts";
import { type FaultRule, isAbout } from "./fault-rule.ts";
import { type Failure, type Operation, usualCode } from "./operations.ts";
import { Refusal } from "./refusal.ts";

type Injected = { readonly rule: FaultRule; seen: number };

/** Thrown where the connection is to be closed without an answer. */
export class Hangup extends Error {
  override readonly name = "Hangup";
}

/** Counts the calls of each operation, and lets tests slow them down and make them fail. */
export class Traffic {
  readonly #clock: Clock;
  readonly #calls = new Map<Operation, number>();
  readonly #successes = new Map<Operation, number>();
  readonly #failures = new Map<Operation, Failure[]>();
  readonly #delays = new Map<Operation, number>();
  readonly #injected = new Set<Injected>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many calls of the operation have arrived so far, failed ones included. */
  calls(operation: Operation): number {
    return this.#calls.get(operation) ?? 0;
  }

  /** How many of them did what they were to do. */
  successes(operation: Operation): number {
    return this.#successes.get(operation) ?? 0;
  }

  /** One call did what it was to do. */
  succeed(operation: Operation): void {
    this.#successes.set(operation, this.successes(operation) + 1);
  }

  /** Makes the next calls of the operation fail, once or several times; failures queue up. */
  failNext(operation: Operation, failure: Failure, times = 1): void {
    const queue = this.#failures.get(operation) ?? [];
    this.#failures.set(operation, [...queue, ...new Array<Failure>(times).fill(failure)]);
  }

  /** Lets every call of the operation wait this long before its answer, until set to 0 again. */
  delay(operation: Operation, ms: number): void {
    this.#delays.set(operation, ms);
  }

  /** Makes trouble by a rule, until the rule has struck as often as it says, or the result is disposed of. */
  inject(rule: FaultRule): Disposable {
    const injected = { rule, seen: 0 };
    this.#injected.add(injected);
    return { [Symbol.dispose]: () => void this.#injected.delete(injected) };
  }

  /** Takes back all trouble that was told of, in any way. */
  calm(): void {
    for (const all of [this.#injected, this.#failures, this.#delays]) all.clear();
  }

  /**
   * One call arrives: it is counted, waits and fails as told.
   * @throws Refusal or Hangup
   */
  async arrive(operation: Operation, signal: AbortSignal): Promise<void> {
    this.#calls.set(operation, this.calls(operation) + 1);
    const rules = this.#striking(operation);
    const failure = this.#failures.get(operation)?.shift() ?? rules.find((rule) => rule.failure)?.failure;
    const waitMs = (this.#delays.get(operation) ?? 0) + rules.reduce((sum, { delayMs = 0 }) => sum + delayMs, 0);
    if (waitMs > 0) await this.#clock.sleep(waitMs, signal);
    if (failure === undefined) return;
    if (failure === "connection closed") throw new Hangup(`${operation}: told to close the connection`);
    const { status, code = usualCode(operation, failure.status), message, retryAfterSeconds, headers } = failure;
    const retryAfter = retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
    throw new Refusal(status, code, message, { ...retryAfter, ...headers });
  }

  /** The rules that strike this call; it counts for those that let it pass, too. */
  #striking(operation: Operation): FaultRule[] {
    const striking: FaultRule[] = [];
    for (const injected of this.#injected) {
      const { after = 0, times = Number.POSITIVE_INFINITY } = injected.rule;
      if (!isAbout(injected.rule, operation)) continue;
      injected.seen += 1;
      if (injected.seen > after && injected.seen <= after + times) striking.push(injected.rule);
    }
    return striking;
  }
}

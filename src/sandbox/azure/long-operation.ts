import { randomUUID } from "node:crypto";
import type { Clock } from "../../base/clock.ts";

export type OperationStatus = "InProgress" | "Succeeded" | "Canceled";

/** A long-running change of a machine: it needs no timer, what it is follows from the clock alone. */
export class LongOperation {
  readonly id = randomUUID();
  readonly startedAt: number;
  readonly durationMs: number;
  readonly #clock: Clock;
  readonly #due: number;
  #canceledAt: number | undefined;

  constructor(clock: Clock, durationMs: number) {
    this.#clock = clock;
    this.startedAt = clock.now();
    this.durationMs = durationMs;
    this.#due = clock.monotonic() + durationMs;
  }

  get status(): OperationStatus {
    if (this.#canceledAt !== undefined) return "Canceled";
    return this.#clock.monotonic() >= this.#due ? "Succeeded" : "InProgress";
  }

  /** When it ended, in milliseconds since 1970; undefined while it goes on. */
  get endedAt(): number | undefined {
    return this.status === "InProgress" ? undefined : (this.#canceledAt ?? this.startedAt + this.durationMs);
  }

  /** A newer operation takes over: Azure ends this one as canceled, unless it was done already. */
  preempt(): void {
    if (this.status === "InProgress") this.#canceledAt = this.#clock.now();
  }
}

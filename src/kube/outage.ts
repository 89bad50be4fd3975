import { type Clock, realClock } from "../base/clock.ts";
import type { Fault } from "../base/fault.ts";
import type { Fields, Log } from "../base/log.ts";

export type OutageOptions = {
  readonly log: Log;
  /** Constant messages: what fails, and that it is well again. */
  readonly failing: string;
  readonly well: string;
  readonly fields: Fields;
  readonly clock?: Clock;
};

/** So often whoever reads only the end of a log hears of what began long ago. */
const REPEAT_MS = 600_000;
const MINUTE_MS = 60_000;

/**
 * Says once that something fails, again when it fails for another reason, every ten minutes while it lasts, and once
 * that it is well: not every attempt.
 */
export class Outage {
  readonly #options: OutageOptions;
  readonly #clock: Clock;
  #last: Fault | undefined;
  #since = 0;
  #toldAt = 0;

  constructor(options: OutageOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
  }

  /** What failed last, when it has been failing for longer than this. */
  longerThan(ms: number): Fault | undefined {
    return this.#clock.monotonic() - this.#since > ms ? this.#last : undefined;
  }

  failed(fault: Fault): void {
    const now = this.#clock.monotonic();
    const before = this.#last;
    this.#last = fault;
    if (before === undefined) this.#since = now;
    if (before?.code === fault.code && now - this.#toldAt < REPEAT_MS) return;
    this.#toldAt = now;
    const { log, failing, fields } = this.#options;
    const minutes = before === undefined ? undefined : Math.round((now - this.#since) / MINUTE_MS);
    // A refusal needs somebody to act; all else passes by itself.
    const write = fault.kind === "denied" || fault.kind === "bug" ? log.error : log.warn;
    write(failing, { ...fields, code: fault.code, error: fault.message, forMinutes: minutes });
  }

  well(): void {
    if (this.#last === undefined) return;
    this.#last = undefined;
    this.#options.log.info(this.#options.well, this.#options.fields);
  }
}

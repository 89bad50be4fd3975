import type { Clock } from "../../base/clock.ts";
import type { Fields, Log } from "../../base/log.ts";
import { type Cause, type LineKind, LogPace } from "./pace.ts";

const FOLD_MS = 1000;

type Severity = "info" | "warn" | "error";
type Line = { readonly severity: Severity; readonly message: string; readonly fields: Fields };
/** Whose line it is and what of: the kind decides how many there may be. */
export type Source = {
  readonly cause: Cause;
  readonly kind: LineKind;
  /** Whether it is written however many lines there were: something else limits how many there are. */
  readonly isAlwaysTold?: boolean;
};
type Seen = { readonly line: Line; readonly endsAt: number; repeated: number };

/**
 * A log whose equal lines are one a second: the first is written at once, those like it become one line that says how
 * many, so that a client that asks in a loop does not fill the log. Nor does one that asks for ever something else: lines
 * that differ are as many as their caller may cause, and so are those that are kept here.
 */
export class FoldedLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #pace: LogPace;
  /** In the order in which their second ends. */
  readonly #seen = new Map<string, Seen>();
  readonly #stop = new AbortController();
  #isSweeping = false;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
    this.#pace = new LogPace(log, clock);
  }

  info(source: Source, message: string, fields: Fields = {}): void {
    this.#take(source, { severity: "info", message, fields });
  }

  warn(source: Source, message: string, fields: Fields = {}): void {
    this.#take(source, { severity: "warn", message, fields });
  }

  error(source: Source, message: string, fields: Fields = {}): void {
    this.#take(source, { severity: "error", message, fields });
  }

  /** A line that is like no other, made only when it is written. */
  apart({ cause, kind }: Source, make: () => string): void {
    if (this.#pace.take(cause, kind)) this.#log.info(make());
  }

  /** A line made only when it is written; lines with the same key are equal. */
  lazily(source: Source, key: string, make: () => Pick<Line, "message" | "fields">): void {
    if (!this.#isRepeated(key)) this.#begin(source, key, () => ({ severity: "info", ...make() }));
  }

  /** Tells the repetitions that are not told yet. */
  [Symbol.dispose](): void {
    this.#stop.abort();
    for (const key of [...this.#seen.keys()]) this.#tell(key);
    this.#pace[Symbol.dispose]();
  }

  #take(source: Source, line: Line): void {
    const key = `${line.severity}\n${line.message}\n${JSON.stringify(line.fields)}`;
    if (!this.#isRepeated(key)) this.#begin(source, key, () => line);
  }

  #isRepeated(key: string): boolean {
    const before = this.#seen.get(key);
    if (before === undefined || this.#clock.monotonic() >= before.endsAt) return false;
    before.repeated += 1;
    return true;
  }

  #begin({ cause, kind, isAlwaysTold = false }: Source, key: string, make: () => Line): void {
    this.#tell(key);
    if (!isAlwaysTold && !this.#pace.take(cause, kind)) return;
    const line = make();
    this.#write(line);
    if (this.#stop.signal.aborted) return;
    this.#seen.set(key, { line, endsAt: this.#clock.monotonic() + FOLD_MS, repeated: 0 });
    if (!this.#isSweeping) void this.#sweep();
  }

  async #sweep(): Promise<void> {
    this.#isSweeping = true;
    for (const [key, { endsAt }] of this.#seen) {
      const waitMs = endsAt - this.#clock.monotonic();
      if (waitMs > 0) await this.#clock.sleep(waitMs, this.#stop.signal).catch(() => {});
      // Meanwhile it may have been told, and the same line have begun a second of its own.
      if (this.#seen.get(key)?.endsAt === endsAt) this.#tell(key);
    }
    this.#isSweeping = false;
  }

  #tell(key: string): void {
    const seen = this.#seen.get(key);
    if (seen === undefined) return;
    this.#seen.delete(key);
    const { line, repeated } = seen;
    if (repeated > 0) this.#write({ ...line, fields: { ...line.fields, repeated } });
  }

  #write({ severity, message, fields }: Line): void {
    this.#log[severity](message, fields);
  }
}

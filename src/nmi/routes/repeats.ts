import type { Identity } from "../../api/identity.ts";
import type { TokenQuery } from "../../api/token-query.ts";
import type { Clock } from "../../base/clock.ts";
import type { Connection, NmiRequest, NmiResponse } from "../server/message.ts";

/** Where changes of objects are told, after they can be seen. */
type Source = { onChange(listener: () => void): () => void };

/** An answer with a token, and what for it was. */
export type Given = {
  readonly query: TokenQuery;
  readonly identity: Identity;
  readonly response: NmiResponse;
  /** Tells of one more request that was given it, and how long that took. */
  readonly tell: (tookMs: number) => void;
};
type Kept = Given & {
  readonly target: string;
  readonly second: number;
  /** In monotonic milliseconds: a second of the wall clock may come twice. */
  readonly madeAt: number;
  readonly changes: number;
};

const SECOND_MS = 1000;

export type RepeatsOptions = {
  /** All that decides about tokens and may change: whatever changes there, everything is decided anew. */
  readonly sources: readonly (Source | undefined)[];
  /** Every request is decided anew. */
  readonly isOff?: boolean;
  readonly clock: Clock;
};

/**
 * The last answer of each connection, for a client that asks for the same again before anything has changed. It is good
 * until the second ends in which it was made: `expires_in` counts seconds, and so nothing that rests on the time, such as
 * a refresh that is due, waits for longer. A connection is one pod's, so nobody gets what was decided for another.
 */
export class Repeats implements Disposable {
  readonly #options: RepeatsOptions;
  readonly #kept = new WeakMap<Connection, Kept>();
  readonly #ends: readonly (() => void)[];
  #changes = 0;

  constructor(options: RepeatsOptions) {
    this.#options = options;
    const note = () => {
      this.#changes += 1;
    };
    this.#ends = options.sources.map((source) => source?.onChange(note) ?? (() => {}));
  }

  /** What the connection was given for the same target within this second, if nothing has changed since. */
  of({ connection, target, method }: NmiRequest): Given | undefined {
    const kept = this.#kept.get(connection);
    if (kept === undefined || kept.target !== target || method !== "GET") return undefined;
    const isOfNow = kept.second === this.#second() && this.#options.clock.monotonic() - kept.madeAt < SECOND_MS;
    return isOfNow && kept.changes === this.#changes ? kept : undefined;
  }

  /** Keeps an answer, unless more decides about it than what is watched here. To be called in the turn that decided it. */
  keep({ connection, target, method }: NmiRequest, given: Given): void {
    // Tokens of other types rest on a Secret, of which no watch tells.
    const isWatched = given.identity.type === 0 && !given.query.bypassCache;
    if (this.#options.isOff || method !== "GET" || !isWatched) return;
    const madeAt = this.#options.clock.monotonic();
    this.#kept.set(connection, { ...given, target, second: this.#second(), madeAt, changes: this.#changes });
  }

  [Symbol.dispose](): void {
    for (const end of this.#ends) end();
  }

  #second(): number {
    return Math.floor(this.#options.clock.now() / SECOND_MS);
  }
}

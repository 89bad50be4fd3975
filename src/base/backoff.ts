export type BackoffOptions = { readonly firstMs: number; readonly maxMs: number; readonly random?: () => number };

/** Growing pauses between attempts: each doubles up to `maxMs`, and is spread over its upper half by chance. */
export class Backoff {
  readonly #options: BackoffOptions;
  #step = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** The next pause in milliseconds. */
  next(): number {
    const { firstMs, maxMs, random = Math.random } = this.#options;
    const whole = Math.min(maxMs, firstMs * 2 ** Math.min(this.#step, 30));
    this.#step += 1;
    return Math.round(whole * (0.5 + random() / 2));
  }

  /** Starts again from the first pause: call it after a success. */
  reset(): void {
    this.#step = 0;
  }
}

import { text } from "node:stream/consumers";
import type { Clock } from "../base/clock.ts";
import { raceAbort } from "../base/single-flight.ts";
import { unreachable } from "./faults.ts";
import type { HttpAnswer, HttpPort, HttpRequest, HttpStream } from "./http-port.ts";

export type ExchangeLimits = {
  readonly clock: Clock;
  /** How long an answer may take to begin, and then to end. */
  readonly timeLimitMs: number;
};

/** One request and its answer: over at the latest when the outer signal aborts. Dispose of it when it is done with. */
export class Exchange implements Disposable {
  readonly #port: HttpPort;
  readonly #limits: ExchangeLimits;
  readonly #outer: AbortSignal;
  readonly #abort = new AbortController();

  constructor(port: HttpPort, limits: ExchangeLimits, outer: AbortSignal) {
    this.#port = port;
    this.#limits = limits;
    this.#outer = outer;
    if (outer.aborted) this.#follow();
    else outer.addEventListener("abort", this.#follow, { once: true });
  }

  async open(request: HttpRequest): Promise<HttpStream> {
    return await this.#inTime(this.#port.open(request, this.#abort.signal), "no answer in time");
  }

  /** The rest of an answer. */
  async read({ status, headers, body }: HttpStream): Promise<HttpAnswer> {
    return { status, headers, body: await this.#inTime(text(body), "the answer does not end") };
  }

  /** Gives the server up, since it no longer answers: what is under way fails with Fault KUBE_UNREACHABLE. */
  giveUp(why: string): void {
    this.#abort.abort(unreachable(this.#port.server, new Error(why)));
  }

  async #inTime<T>(work: Promise<T>, otherwise: string): Promise<T> {
    const { clock, timeLimitMs } = this.#limits;
    const done = new AbortController();
    clock.sleep(timeLimitMs, done.signal).then(
      () => this.giveUp(otherwise),
      () => {}, // done in time
    );
    try {
      return await raceAbort(work, this.#abort.signal);
    } finally {
      done.abort();
    }
  }

  readonly #follow = (): void => this.#abort.abort(this.#outer.reason);

  [Symbol.dispose](): void {
    this.#outer.removeEventListener("abort", this.#follow);
  }
}

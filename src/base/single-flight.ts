type Flight<T> = { readonly result: Promise<T>; readonly stop: AbortController; waiters: number; isOver: boolean };

/**
 * Equal requests share one piece of work. The work is cancelled when its last waiter has gone; a failure reaches all
 * waiters and is not kept.
 */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /** Joins the work under `key`, or starts it. Rejects with the signal's reason when this waiter leaves. */
  async run(key: string, work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#start(key, work);
    flight.waiters += 1;
    try {
      return signal ? await raceAbort(flight.result, signal) : await flight.result;
    } finally {
      flight.waiters -= 1;
      if (flight.waiters === 0) this.#leave(key, flight);
    }
  }

  /** How many pieces of work are under way. */
  get size(): number {
    return this.#flights.size;
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const stop = new AbortController();
    const flight: Flight<T> = { result: work(stop.signal), stop, waiters: 0, isOver: false };
    const end = () => {
      flight.isOver = true;
    };
    flight.result.then(end, end);
    this.#flights.set(key, flight);
    return flight;
  }

  #leave(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
    if (!flight.isOver) flight.stop.abort(new DOMException("nobody waits any more", "AbortError"));
  }
}

/** The promise's outcome, or the signal's reason if that comes first. */
export function raceAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

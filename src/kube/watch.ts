import type { Clock } from "../base/clock.ts";
import type { Exchange } from "./exchange.ts";
import { type Action, unreadable, watchRefusal } from "./faults.ts";
import { asRecord, asText, rawMeta } from "./wire.ts";

export type WatchEvent = {
  /** A BOOKMARK only carries how far the watch has come. */
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: unknown;
  readonly resourceVersion: string;
};

export type WatchLimits = {
  readonly clock: Clock;
  readonly idleMs: number;
  readonly exchange: Exchange;
};

/**
 * The events of a watch. A silent exchange is given up after `idleMs`: the API server sends a bookmark about once a
 * minute, so it has died on the way without a word.
 * @throws Fault for an ERROR event, an unreadable line or an answer that breaks off
 */
export async function* watchEvents(
  body: AsyncIterable<Uint8Array>,
  action: Action,
  { clock, idleMs, exchange }: WatchLimits,
): AsyncGenerator<WatchEvent> {
  using _ = exchange;
  using watchdog = new Watchdog(clock, idleMs, () => exchange.giveUp(`no sign of life for ${idleMs / 1000} s`));
  for await (const line of textLines(body, () => watchdog.feed())) yield readEvent(line, action);
}

function readEvent(line: string, action: Action): WatchEvent {
  const { type, object } = asRecord(parse(line, action));
  switch (asText(type)) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
    case "BOOKMARK":
      return { type: type as WatchEvent["type"], object, resourceVersion: rawMeta(object).resourceVersion };
    case "ERROR":
      throw watchRefusal(action, object);
    default:
      throw unreadable(action);
  }
}

function parse(line: string, action: Action): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw unreadable(action, cause);
  }
}

/** The lines of a stream of bytes, wherever lines and letters are cut; `onChunk` hears of every piece. */
export async function* textLines(chunks: AsyncIterable<Uint8Array>, onChunk = (): void => {}): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    onChunk();
    rest += decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = rest.indexOf("\n"); end !== -1; end = rest.indexOf("\n", start)) {
      if (end > start) yield rest.slice(start, end);
      start = end + 1;
    }
    rest = rest.slice(start);
  }
  if (rest.trim() !== "") yield rest; // an end in the middle of a line shows when the line is parsed
}

/** Calls `onSilence` when it was not fed for a while. One sleep at a time, however often it is fed. */
class Watchdog implements Disposable {
  readonly #stop = new AbortController();
  readonly #clock: Clock;
  #fed: number;

  constructor(clock: Clock, idleMs: number, onSilence: () => void) {
    this.#clock = clock;
    this.#fed = clock.monotonic();
    this.#guard(idleMs).then(onSilence, () => {}); // rejected: disposed of
  }

  feed(): void {
    this.#fed = this.#clock.monotonic();
  }

  async #guard(idleMs: number): Promise<void> {
    for (let left = idleMs; left > 0; left = this.#fed + idleMs - this.#clock.monotonic()) {
      await this.#clock.sleep(left, this.#stop.signal);
    }
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }
}

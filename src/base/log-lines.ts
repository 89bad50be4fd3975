import { constants, fstatSync, openSync, writeSync } from "node:fs";

/** Takes bytes and tells how many it took: none when whoever reads them is behind. Never waits, if it can be helped. */
export type LineSink = (bytes: Uint8Array) => number;

export type LogLinesOptions = {
  readonly sink: LineSink;
  /** A line that stands where so many were dropped. */
  readonly tellLost: (count: number) => string;
  readonly blockBytes?: number;
  readonly mostBlocks?: number;
  /** How long the end of the program waits for a reader that takes nothing. */
  readonly drainMs?: number;
  /** In milliseconds, of a clock that is not set. */
  readonly now?: () => number;
};

const BLOCK_BYTES = 64 * 1024;
const MOST_BLOCKS = 16;
const MOST_BYTES_A_CHARACTER = 3;
const AGAIN_MS = 10;
/** Lines that come one upon the other go out so often: each write costs as much as many lines, here and where it is read. */
const PAUSE_MS = 5;
const DRAIN_MS = 2000;
const STANDARD_ERROR = 2;

/** Lines one behind the other; strings that wait would be copied by the garbage collector. */
type Block = { readonly bytes: Buffer; from: number; to: number; lines: number; lostBefore: number };

/**
 * Lines on their way out, in order; those of one turn of the event loop go in one write, and under load those of a few
 * milliseconds. A reader who is behind does not hold the program up: what waits for it is bounded, the oldest lines are
 * dropped, and a line tells how many.
 */
export class LogLines {
  readonly #options: LogLinesOptions;
  /** The last one is being filled. */
  readonly #blocks: Block[] = [];
  #isDue = false;
  #isGivenUp = false;
  #flushedAt = Number.NEGATIVE_INFINITY;

  constructor(options: LogLinesOptions) {
    this.#options = options;
  }

  /** An urgent line goes out at once, behind those before it. */
  readonly write = (line: string, isUrgent = false): void => {
    const block = this.#blockFor(line.length * MOST_BYTES_A_CHARACTER);
    block.to += block.bytes.write(line, block.to);
    block.lines += 1;
    if (isUrgent && !this.#flush()) this.#flushLater(again);
    if (isUrgent || this.#isDue) return;
    const isSoon = this.#now() - this.#flushedAt < PAUSE_MS;
    // An immediate that is not counted would run only when something else happens.
    this.#flushLater(isSoon ? afterPause : setImmediate);
  };

  /** Whether so much waits for the reader that what counts less is better left out: at twice as much lines are dropped. */
  get isBehind(): boolean {
    return this.#blocks.length > (this.#options.mostBlocks ?? MOST_BLOCKS) / 2;
  }

  /** Writes all that waits, before the program ends; gives a reader up that takes nothing for long. */
  drain(): void {
    const { drainMs = DRAIN_MS } = this.#options;
    for (let left = this.#isGivenUp ? 1 : drainMs; left > 0; ) {
      const before = this.#size();
      if (this.#flush()) return;
      left = this.#size() < before ? drainMs : left - AGAIN_MS;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, AGAIN_MS);
    }
    this.#isGivenUp = true; // a program may have several ends, and waits at the first
  }

  #now(): number {
    return this.#options.now?.() ?? performance.now();
  }

  #size(): number {
    return this.#blocks.reduce((sum, { from, to }) => sum + to - from, 0);
  }

  #blockFor(bytes: number): Block {
    const fits = (block: Block | undefined) => block !== undefined && block.bytes.length - block.to >= bytes;
    if (!fits(this.#blocks.at(-1))) this.#flush();
    const last = this.#blocks.at(-1);
    if (last !== undefined && fits(last)) return last;
    const size = Math.max(bytes, this.#options.blockBytes ?? BLOCK_BYTES);
    const made = { bytes: Buffer.allocUnsafeSlow(size), from: 0, to: 0, lines: 0, lostBefore: 0 };
    this.#blocks.push(made);
    if (this.#blocks.length > (this.#options.mostBlocks ?? MOST_BLOCKS)) this.#dropOldest();
    return made;
  }

  /** All but one whose lines have gone in part: half a line would be left. */
  #dropOldest(): void {
    const at = (this.#blocks[0]?.from ?? 0) > 0 ? 1 : 0;
    const [dropped] = this.#blocks.splice(at, 1);
    const next = this.#blocks[at];
    if (dropped !== undefined && next !== undefined) next.lostBefore += dropped.lines + dropped.lostBefore;
  }

  #flushLater(start: (flush: () => void) => unknown): void {
    if (this.#isDue) return;
    this.#isDue = true;
    const flush = () => {
      this.#isDue = false;
      this.#flushedAt = this.#now();
      if (!this.#flush()) this.#flushLater(again);
    };
    start(flush);
  }

  /** Whether all is out. */
  #flush(): boolean {
    for (let block = this.#next(); block !== undefined; block = this.#next()) {
      if (block.from < block.to) block.from += this.#options.sink(block.bytes.subarray(block.from, block.to));
      if (block.from < block.to) return false;
      if (this.#blocks.length === 1 && block.bytes.length === (this.#options.blockBytes ?? BLOCK_BYTES)) {
        block.from = block.to = block.lines = 0; // to be filled again
        return true;
      }
      this.#blocks.shift();
    }
    return true;
  }

  /** The block that goes out next, or first the line about those dropped before it. */
  #next(): Block | undefined {
    const [block] = this.#blocks;
    if (block === undefined || block.lostBefore === 0) return block;
    const bytes = Buffer.from(this.#options.tellLost(block.lostBefore));
    block.lostBefore = 0;
    const told = { bytes, from: 0, to: bytes.length, lines: 1, lostBefore: 0 };
    this.#blocks.unshift(told);
    return told;
  }
}

// Neither keeps a program alive that is done otherwise: its end drains.
function again(flush: () => void): void {
  setTimeout(flush, AGAIN_MS).unref();
}

function afterPause(flush: () => void): void {
  setTimeout(flush, PAUSE_MS).unref();
}

/** Standard error, without waiting where it is a pipe; what nobody can read any more is dropped. */
export function standardError(): LineSink {
  const descriptor = openForNoWaiting();
  return (bytes) => {
    try {
      return writeSync(descriptor, bytes);
    } catch (reason) {
      return (reason as NodeJS.ErrnoException).code === "EAGAIN" ? 0 : bytes.length;
    }
  };
}

/** A pipe is opened once more, since not to wait is set for all programs that share a descriptor. */
function openForNoWaiting(): number {
  try {
    if (!fstatSync(STANDARD_ERROR).isFIFO()) return STANDARD_ERROR;
    return openSync(`/proc/self/fd/${STANDARD_ERROR}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return STANDARD_ERROR; // closed, of another user, or there is no /proc
  }
}

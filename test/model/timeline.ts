import type { Dice } from "./dice.ts";

type Moment = { readonly at: number; readonly tie: number; run: (() => void) | undefined };

/**
 * Time that passes only when nothing else can happen: the earliest thing that was planned happens, all that follows from
 * it without waiting runs to its end, then the next. What is planned for one moment comes in an order drawn by lot.
 */
export class Timeline {
  readonly #dice: Dice;
  readonly #heap: Moment[] = [];
  #now = 0;
  /** How many things have happened. */
  happened = 0;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  get now(): number {
    return this.#now;
  }

  /** Plans something in so many milliseconds; the answer calls it off. */
  in(ms: number, run: () => void): () => void {
    const moment: Moment = { at: this.#now + Math.max(0, ms), tie: this.#dice.next(), run };
    this.#push(moment);
    return () => {
      moment.run = undefined;
    };
  }

  /** Lets so many milliseconds pass. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settled();
    for (let next = this.#heap[0]; next !== undefined && next.at <= until; next = this.#heap[0]) {
      this.#pop();
      if (next.run === undefined) continue;
      this.#now = next.at;
      this.happened += 1;
      next.run();
      await settled();
    }
    this.#now = until;
  }

  #push(moment: Moment): void {
    const heap = this.#heap;
    let i = heap.push(moment) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const other = heap[parent] as Moment;
      if (!isBefore(moment, other)) break;
      heap[i] = other;
      i = parent;
    }
    heap[i] = moment;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Moment;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      const left = 2 * i + 1;
      const right = left + 1;
      if (left >= heap.length) break;
      const isRight = right < heap.length && isBefore(heap[right] as Moment, heap[left] as Moment);
      const child = isRight ? right : left;
      if (!isBefore(heap[child] as Moment, last)) break;
      heap[i] = heap[child] as Moment;
      i = child;
    }
    heap[i] = last;
  }
}

function isBefore(a: Moment, b: Moment): boolean {
  return a.at === b.at ? a.tie < b.tie : a.at < b.at;
}

/** All promises that can be settled without time passing are. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

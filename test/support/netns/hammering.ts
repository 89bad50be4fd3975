import { expect } from "vitest";
import type { Actor } from "./actor.ts";

/** What requests came to: each is counted once. */
export type Counts = {
  readonly requests: number;
  /** Answered with a token of the asker's own identity. */
  readonly tokens: number;
  /** Refused connections, as while nobody listens, and those that were reset. */
  readonly refused: number;
  readonly reset: number;
  /** Without an answer in ten seconds. */
  readonly late: number;
  /** Told to come again: by 429, by an NMI that stops, by 503 for another reason. */
  readonly throttled: number;
  readonly stopping: number;
  readonly unavailable: number;
  /** Answered by the metadata service itself, which alone writes its mark. */
  readonly raw: number;
  /** Answered with a token of somebody else's. */
  readonly wrong: number;
  /** Whatever else, which nobody should see. */
  readonly other: number;
};

type Tally = Readonly<Record<string, number>>;
type Kind = Exclude<keyof Counts, "requests">;

const EVERY_MS = 10;
const UNEXPECTED: ReadonlySet<Kind> = new Set(["raw", "wrong", "other"]);
const none: Counts = {
  requests: 0,
  tokens: 0,
  refused: 0,
  reset: 0,
  late: 0,
  throttled: 0,
  stopping: 0,
  unavailable: 0,
  raw: 0,
  wrong: 0,
  other: 0,
};

const kinds: readonly (readonly [RegExp, Kind])[] = [
  [/^RAW /, "raw"],
  [/^200 /, "wrong"],
  [/^ECONNREFUSED$/, "refused"],
  [/^ECONNRESET$/, "reset"],
  [/^no answer in time$/, "late"],
  [/^429 /, "throttled"],
  [/^503 .*NMI is stopping/, "stopping"],
  [/^503 /, "unavailable"],
];

/** Pods that ask a hundred times a second each if not told otherwise, half of that on new connections and half on kept ones. */
export class Hammering {
  readonly #pods: readonly Actor[];
  readonly #everyMs: number;
  #since = performance.now();
  #total = none;
  #unexpected: readonly string[] = [];

  constructor(pods: readonly Actor[], everyMs = EVERY_MS) {
    this.#pods = pods;
    this.#everyMs = everyMs;
  }

  async begin(): Promise<void> {
    this.#since = performance.now();
    for (const pod of this.#pods) await pod.ask({ begin: { everyMs: this.#everyMs } });
  }

  /** What was asked since the beginning or the last count came to, once all of it is answered; printed by a name. */
  async count(name: string, then: "and go on" | "and end" = "and go on"): Promise<Counts> {
    const ms = performance.now() - this.#since;
    this.#since += ms;
    const tallies = await Promise.all(this.#pods.map((pod) => pod.ask<Tally>({ count: then })));
    const counts = tallies.map((tally, at) => countsOf(tally, `token-of-client-${at}`));
    const all = counts.reduce(sum, none);
    this.#unexpected = tallies.flatMap((tally, at) => unexpectedIn(tally, `token-of-client-${at}`));
    this.#total = sum(this.#total, all);
    print(`${name}: ${(ms / 1000).toFixed(1)} s`, all);
    // A test in which nobody asks proves nothing; each stretch may begin and end between two requests.
    for (const { requests } of counts) expect(requests).toBeGreaterThan((ms / this.#everyMs) * 0.9 - 5);
    return all;
  }

  /** What came of the last count, in words for when that is not as it should be: with the answers that nobody should see. */
  said(counts: Counts): string {
    return [JSON.stringify(counts), ...this.#unexpected].join("\n");
  }

  printTotal(name: string): void {
    print(`${name}: all`, this.#total);
  }
}

/** A token of its own for a pod by its place, on a new connection and on a kept one. */
export async function servedPods(pods: readonly Actor[]): Promise<readonly string[]> {
  const ask = (isKept: boolean) => pods.map((pod) => pod.ask<string>({ get: "token", isKept }));
  return await Promise.all([...ask(false), ...ask(true)]);
}

function countsOf(tally: Tally, own: string): Counts {
  return Object.entries(tally).reduce(
    (counts, [outcome, number]) => sum(counts, { ...none, requests: number, [kindOf(outcome, own)]: number }),
    none,
  );
}

function unexpectedIn(tally: Tally, own: string): readonly string[] {
  return Object.keys(tally).filter((outcome) => UNEXPECTED.has(kindOf(outcome, own)));
}

function kindOf(outcome: string, own: string): Kind {
  if (outcome === `200 ${own}`) return "tokens";
  const [, kind] = kinds.find(([begin]) => begin.test(outcome)) ?? [];
  return kind ?? "other";
}

function sum(a: Counts, b: Counts): Counts {
  return Object.fromEntries(Object.entries(a).map(([kind, number]) => [kind, number + b[kind as Kind]])) as Counts;
}

function print(name: string, counts: Counts): void {
  const words = Object.entries(counts).map(([kind, number]) => `${number} ${kind}`);
  process.stdout.write(`${name}, ${words.join(", ")}\n`);
}

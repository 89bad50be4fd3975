import { array, assert, asyncProperty, constantFrom, nat, record } from "fast-check";
import { expect, it } from "vitest";
import { MemoryLock } from "../../test/support/kube/memory-lock.ts";
import { PassingTime } from "../../test/support/time/passing-time.ts";
import { createLog } from "../base/log.ts";
import { LeaderLease } from "./leader.ts";
import { lead } from "./leadership.ts";

const DURATION_MS = 2_000;
const HISTORY_MS = 180_000;
const RUNS = Number(process.env.LEADER_RUNS ?? 25);
/** So much worse than a healthy network is, that leadership is lost again and again. */
const LONGEST_DELAY_MS = 2 * DURATION_MS;

/** Numbers from 0 to 1 that a seed determines (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A cluster of candidates whose clocks disagree, behind a network that loses, delays and cuts off. */
class Candidates {
  readonly time = new PassingTime();
  readonly random: () => number;
  readonly #locks: readonly MemoryLock[];
  /** Signals of those whose work runs. */
  readonly working = new Map<string, AbortSignal>();
  terms = 0;

  constructor(seed: number, lockCount: number) {
    this.random = chance(seed);
    this.#locks = Array.from({ length: lockCount }, () => new MemoryLock(this.time));
  }

  /** Leads, stops, is killed, or loses, and begins again as another process, for ever. */
  async live(name: string, speed: number, trouble: number): Promise<never> {
    for (let life = 0; ; life += 1) {
      const stop = new AbortController();
      this.time.after(this.random() * 60_000, () => stop.abort());
      let isAlive = true;
      let isCutOff = false;
      const toggle = () => {
        isCutOff = !isCutOff;
        if (isAlive && !stop.signal.aborted) this.time.after(this.random() * (isCutOff ? 5_000 : 20_000), toggle);
      };
      if (trouble > 0) this.time.after(this.random() * 20_000, toggle);
      const weather = () => {
        if (!isAlive || isCutOff || this.random() < trouble) return undefined;
        return this.random() < trouble ? this.random() * LONGEST_DELAY_MS : this.random() * 50;
      };
      const identity = `${name}-${life}`;
      const isKilled = this.random() < 0.3;
      if (isKilled) {
        stop.signal.addEventListener("abort", () => {
          isAlive = false;
          this.working.delete(identity);
        });
      }
      const leases = this.#locks.map((lock) => this.#lease(identity, lock.reached(weather), speed));
      const never = new AbortController().signal;
      const result = lead(leases, (signal) => this.#work(identity, signal), isKilled ? never : stop.signal);
      const killed = new Promise((resolve) => isKilled && stop.signal.addEventListener("abort", resolve));
      await Promise.race([result, killed]);
      await new Promise<void>((resolve) => this.time.after(this.random() * 5_000, resolve));
    }
  }

  #lease(identity: string, lock: ReturnType<MemoryLock["reached"]>, speed: number): LeaderLease {
    const now = () => this.random() * 1e12; // the time of day jumps as it likes
    return new LeaderLease({
      lock,
      identity,
      durationMs: DURATION_MS,
      log: createLog({ write: () => {} }),
      clock: this.time.clock(speed, now),
      random: this.random,
    });
  }

  async #work(identity: string, signal: AbortSignal): Promise<void> {
    this.terms += 1;
    this.working.set(identity, signal);
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
    await new Promise<void>((resolve) => this.time.after(this.random() * 3_000, resolve)); // the end takes its time
    this.working.delete(identity);
  }

  /** Names of those who may act as leader now. */
  get leaders(): readonly string[] {
    return [...this.working].filter(([, signal]) => !signal.aborted).map(([name]) => name);
  }
}

it.each([{ locks: 1 }, { locks: 2 }])("there are never two leaders, by $locks lock(s)", async ({ locks }) => {
  let terms = 0;
  const trouble = constantFrom(0, 0.01, 0.05, 0.2);
  // No clock may run 40 % faster than another.
  const candidate = record({ speed: constantFrom(0.85, 1, 1.18), trouble });
  const history = asyncProperty(nat(), array(candidate, { minLength: 2, maxLength: 3 }), async (seed, all) => {
    const cluster = new Candidates(seed, locks);
    for (const [i, { speed, trouble: some }] of all.entries()) void cluster.live(`c${i}`, speed, some);
    while (cluster.time.ms < HISTORY_MS) {
      await cluster.time.step();
      const { leaders } = cluster;
      if (leaders.length > 1) throw new Error(`at ${cluster.time.ms} ms ${leaders.join(" and ")} lead`);
    }
    terms += cluster.terms;
  });
  await assert(history, { numRuns: RUNS }); // a failure names its seed
  expect(terms).toBeGreaterThan(RUNS);
});

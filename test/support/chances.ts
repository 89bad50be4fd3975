/** Random numbers that a seed repeats; KILL_SEED gives one, to see a failure again. */
export function chances(seed = Number(process.env.KILL_SEED ?? Math.floor(Math.random() * 2 ** 31))) {
  let state = seed;
  return {
    seed,
    /** A whole number from 0 to below the limit. Mulberry32. */
    below(limit: number): number {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
    },
  };
}

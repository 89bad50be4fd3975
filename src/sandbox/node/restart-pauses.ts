/** Times are in milliseconds. */
export type RestartTimes = {
  readonly firstMs: number;
  readonly maxMs: number;
  /** After a run of that length it is as if it had never ended. */
  readonly steadyMs: number;
};

/** What a kubelet keeps to. */
export const KUBELET_TIMES: RestartTimes = { firstMs: 10_000, maxMs: 300_000, steadyMs: 600_000 };

/** How long a container that has ended waits to be started again: first not at all, then longer each time. */
export class RestartPauses {
  readonly #times: RestartTimes;
  #next = 0;

  constructor(times: RestartTimes) {
    this.#times = times;
  }

  /** The pause after a run of that length. */
  after(ranMs: number): number {
    const { firstMs, maxMs, steadyMs } = this.#times;
    const pause = ranMs > steadyMs ? 0 : this.#next;
    this.#next = pause === 0 ? firstMs : Math.min(pause * 2, maxMs);
    return pause;
  }
}

/** `1m20s`, as Go writes a duration. */
export function inWords(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

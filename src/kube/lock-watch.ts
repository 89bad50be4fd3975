import { Backoff } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { LeaderLock } from "./lock.ts";
import { Outage } from "./outage.ts";

export type LockWatchOptions = {
  readonly lock: LeaderLock;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: () => number;
  /** Who holds the lock; undefined when it is gone. */
  readonly onSeen: (holder: string | undefined) => void;
};

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** A watch that ends sooner was not worth its request, whatever it showed. */
const SHORT_WATCH_MS = 1_000;

/** Tells who holds a lock as it changes, until the signal aborts. It only makes things quicker, so it may fail. */
export async function watchLock(options: LockWatchOptions, signal: AbortSignal): Promise<void> {
  const { lock, log, clock, random, onSeen } = options;
  const backoff = new Backoff({ firstMs: FIRST_PAUSE_MS, maxMs: LONGEST_PAUSE_MS, random });
  const outage = new Outage({
    log,
    failing: "cannot watch the leader lock, looking at it from time to time",
    well: "watching the leader lock again",
    fields: { lock: `${lock.ref.namespace}/${lock.ref.name}`, kind: lock.kind.kind },
    clock,
  });
  while (!signal.aborted) {
    const begin = clock.monotonic();
    const lasts = () => clock.monotonic() - begin >= SHORT_WATCH_MS;
    try {
      for await (const holder of lock.watch(signal)) {
        onSeen(holder);
        if (lasts()) outage.well();
      }
      if (lasts()) backoff.reset();
      else throw new Fault("KUBE_ERROR", `the API server ends every watch of ${lock.kind.plural} at once`);
    } catch (reason) {
      if (!signal.aborted) outage.failed(Fault.from(reason));
    }
    await clock.sleep(backoff.next(), signal).catch(() => {}); // rejected: the loop ends by the signal
  }
}

import { Backoff } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { serveMetrics } from "../base/endpoints.ts";
import { Fault } from "../base/fault.ts";
import type { Listener } from "../base/listener.ts";
import type { Metrics } from "../base/metrics.ts";
import { PROFILE_PORT, serveProfile } from "../base/profile.ts";
import type { nmiMetrics } from "../nmi/metrics.ts";
import { inTurn } from "../nmi/server/turn.ts";
import type { NmiConfig } from "../nmi/start/options.ts";
import { serveProbes } from "../nmi/start/probes.ts";
import type { Context } from "./program.ts";

/** All ports of a program are free at once when it ends, but one after the other. */
const GRACE_MS = 2_000;
/** As often as somebody is waited for who is about to go; then, since a program that stays may do so for days, as seldom. */
const QUICK_MS = 50;
const SELDOM = { firstMs: 500, maxMs: 30_000 };

type Told = Context & {
  readonly metrics: Metrics<keyof typeof nmiMetrics>;
  readonly isActive: () => boolean;
  readonly trouble: () => string | undefined;
  readonly clock: Clock;
};
/** A port that is taken, and until when it is. */
type Waiting = {
  readonly taken: Fault;
  readonly until: Promise<void>;
  /** Whoever has it is not about to go. */
  readonly becomeSeldom: () => void;
};
type Operators = AsyncDisposable & {
  /**
   * What is wrong with a port of probes that another program has and goes on to have; undefined once it is listened on. Of a
   * port of metrics that stays taken only the log tells: pods do not go without tokens for that.
   */
  taken(): Promise<Fault | undefined>;
};

/**
 * What tells operators how NMI does: profiles, probes and metrics, with the lines that the original wrote of them. A port of
 * probes or metrics that is taken is waited for: an NMI of 1.x may have it that is about to go.
 * @throws Fault ADDRESS_UNAVAILABLE, or PORT_IN_USE of the port of profiles
 */
export async function serveOperators(config: NmiConfig, told: Told): Promise<Operators> {
  const stack = new AsyncDisposableStack();
  try {
    if (config.enableProfile) {
      stack.use(await serveProfile(PROFILE_PORT));
      told.log.info(`starting profiling on port ${PROFILE_PORT}`);
    }
    const probing = await probes(config, told, stack);
    const exporting = await exporter(config, told, stack);
    let isTold = false;
    const taken = () => {
      if (!isTold) void tellOfMetrics(exporting, told);
      isTold = true;
      return stillTaken(probing, told.clock);
    };
    return { taken, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (reason) {
    await stack.disposeAsync();
    throw reason;
  }
}

function probes(config: NmiConfig, told: Told, stack: AsyncDisposableStack): Promise<Waiting | undefined> {
  const say = (port: number) => {
    told.log.info(`initialized health probe on port ${port}`);
    told.log.info("started health probe");
  };
  return begin(() => serveProbes(told.isActive, config.probePort, told.trouble), say, told, stack);
}

function exporter(config: NmiConfig, told: Told, stack: AsyncDisposableStack): Promise<Waiting | undefined> {
  told.log.info("registered views for metric");
  told.log.info("starting Prometheus exporter");
  const say = (port: number) => told.log.info(`registered and exported metrics on port ${port}`);
  return begin(() => serveMetrics(told.metrics, config.prometheusPort, true), say, told, stack);
}

/** Listens, now or later; gives what it waits for, if it does. */
async function begin(
  serve: () => Promise<Listener>,
  say: (port: number) => void,
  { signal, log, clock }: Told,
  stack: AsyncDisposableStack,
): Promise<Waiting | undefined> {
  let backoff: Backoff | undefined;
  const pauseMs = () => backoff?.next() ?? QUICK_MS;
  const { taken, listener } = await inTurn(serve, { clock, signal, pauseMs });
  const until = listener.then(async (one) => {
    if (stack.disposed) return await one?.[Symbol.asyncDispose]();
    if (one === undefined) return;
    stack.use(one);
    say(one.port);
  });
  if (taken === undefined) {
    await until;
    return undefined;
  }
  until.catch(() => {}); // heard by whoever waits for it
  log.warn(`${taken.message}; it is tried again`);
  const becomeSeldom = () => {
    backoff ??= new Backoff(SELDOM);
  };
  return { taken, until, becomeSeldom };
}

async function stillTaken(waiting: Waiting | undefined, clock: Clock): Promise<Fault | undefined> {
  if (waiting === undefined) return undefined;
  const { taken, until, becomeSeldom } = waiting;
  const isOver = await Promise.race([until.then(() => false), clock.sleep(GRACE_MS).then(() => true)]);
  if (!isOver) return undefined;
  becomeSeldom();
  return taken;
}

async function tellOfMetrics(waiting: Waiting | undefined, { clock, log }: Told): Promise<void> {
  try {
    const taken = await stillTaken(waiting, clock);
    if (taken !== undefined) log.error(`${taken.message}; NMI serves pods without its metrics, and tries it again`);
    await waiting?.until;
  } catch (reason) {
    log.error(`${Fault.from(reason).message}; NMI serves pods without its metrics`);
  }
}

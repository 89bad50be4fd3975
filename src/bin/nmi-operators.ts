import type { Clock } from "../base/clock.ts";
import { serveMetrics } from "../base/endpoints.ts";
import type { Fault } from "../base/fault.ts";
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

type Told = Context & {
  readonly metrics: Metrics<keyof typeof nmiMetrics>;
  readonly isActive: () => boolean;
  readonly trouble: () => string | undefined;
  readonly clock: Clock;
};
/** A port that is taken, and until when it is. */
type Waiting = { readonly taken: Fault; readonly until: Promise<void> };
type Operators = AsyncDisposable & {
  /** What is wrong with a port that another program has and goes on to have; undefined once all are listened on. */
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
    const waiting = [...(await probes(config, told, stack)), ...(await exporter(config, told, stack))];
    return { taken: () => stillTaken(waiting, told.clock), [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (reason) {
    await stack.disposeAsync();
    throw reason;
  }
}

function probes(config: NmiConfig, told: Told, stack: AsyncDisposableStack): Promise<readonly Waiting[]> {
  const say = (port: number) => {
    told.log.info(`initialized health probe on port ${port}`);
    told.log.info("started health probe");
  };
  return begin(() => serveProbes(told.isActive, config.probePort, told.trouble), say, told, stack);
}

function exporter(config: NmiConfig, told: Told, stack: AsyncDisposableStack): Promise<readonly Waiting[]> {
  told.log.info("registered views for metric");
  told.log.info("starting Prometheus exporter");
  const say = (port: number) => told.log.info(`registered and exported metrics on port ${port}`);
  return begin(() => serveMetrics(told.metrics, config.prometheusPort, true), say, told, stack);
}

/** Listens, now or later; gives what it waits for. */
async function begin(
  serve: () => Promise<Listener>,
  say: (port: number) => void,
  { signal, log, clock }: Told,
  stack: AsyncDisposableStack,
): Promise<readonly Waiting[]> {
  const { taken, listener } = await inTurn(serve, { clock, signal });
  const until = listener.then(async (one) => {
    if (stack.disposed) return await one?.[Symbol.asyncDispose]();
    if (one === undefined) return;
    stack.use(one);
    say(one.port);
  });
  if (taken === undefined) {
    await until;
    return [];
  }
  until.catch(() => {}); // heard by whoever waits for it
  log.warn(`${taken.message}; it is tried again`);
  return [{ taken, until }];
}

async function stillTaken(waiting: readonly Waiting[], clock: Clock): Promise<Fault | undefined> {
  for (const { taken, until } of waiting) {
    const isOver = await Promise.race([until.then(() => false), clock.sleep(GRACE_MS).then(() => true)]);
    if (isOver) return taken;
  }
  return undefined;
}

import { realClock } from "../base/clock.ts";
import { serveMetrics } from "../base/endpoints.ts";
import type { Fault } from "../base/fault.ts";
import type { Listener } from "../base/listener.ts";
import type { Metrics } from "../base/metrics.ts";
import { PROFILE_PORT, serveProfile } from "../base/profile.ts";
import type { nmiMetrics } from "../nmi/metrics.ts";
import type { NmiConfig } from "../nmi/options.ts";
import { serveProbes } from "../nmi/probes.ts";
import { inTurn } from "../nmi/server-turn.ts";
import type { Context } from "./program.ts";

/** All ports of a program are free at once when it ends, but one after the other. */
const GRACE_MS = 2_000;

type Told = Context & {
  readonly metrics: Metrics<keyof typeof nmiMetrics>;
  readonly isActive: () => boolean;
  readonly trouble: () => string | undefined;
};
/** A port that is taken, and until when it is. */
type Waiting = { readonly taken: Fault; readonly until: Promise<void> };
type Operators = AsyncDisposable & {
  /** The other NMI has gone that may have had the ports. @throws Fault PORT_IN_USE where one is taken all the same */
  listening(): Promise<void>;
};

/**
 * What tells operators how NMI does: profiles, probes and metrics, with the lines that the original wrote of them. A port of
 * probes or metrics that is taken is waited for. @throws Fault PORT_IN_USE or ADDRESS_UNAVAILABLE
 */
export async function serveOperators(config: NmiConfig, told: Told): Promise<Operators> {
  const stack = new AsyncDisposableStack();
  try {
    if (config.enableProfile) {
      stack.use(await serveProfile(PROFILE_PORT));
      told.log.info(`starting profiling on port ${PROFILE_PORT}`);
    }
    const waiting = [...(await probes(config, told, stack)), ...(await exporter(config, told, stack))];
    return { listening: () => allListening(waiting), [Symbol.asyncDispose]: () => stack.disposeAsync() };
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
  listen: () => Promise<Listener>,
  say: (port: number) => void,
  { signal, log }: Context,
  stack: AsyncDisposableStack,
): Promise<readonly Waiting[]> {
  const { taken, listener } = await inTurn(listen, { clock: realClock, signal });
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
  log.warn(`${taken.message}; it is tried again as long as NMI's own port is taken too`);
  until.catch(() => {}); // heard by whoever waits for it
  return [{ taken, until }];
}

async function allListening(waiting: readonly Waiting[]): Promise<void> {
  for (const { taken, until } of waiting) {
    const isOver = await Promise.race([until.then(() => false), realClock.sleep(GRACE_MS).then(() => true)]);
    if (isOver) throw taken;
  }
}

import { type Clock, realClock } from "../base/clock.ts";
import { serveMetrics } from "../base/endpoints.ts";
import type { Fault } from "../base/fault.ts";
import { type Listener, listen } from "../base/listener.ts";
import type { Metrics } from "../base/metrics.ts";
import { PROFILE_PORT, serveProfile } from "../base/profile.ts";
import type { nmiMetrics } from "../nmi/metrics.ts";
import { inTurn, isTaken } from "../nmi/server/turn.ts";
import type { NmiConfig } from "../nmi/start/options.ts";
import { serveProbes } from "../nmi/start/probes.ts";
import type { Context } from "./program.ts";

/** All ports of a program are free at once when it ends, but one after the other. */
const GRACE_MS = 2_000;

type Told = Context & {
  readonly metrics: Metrics<keyof typeof nmiMetrics>;
  readonly isActive: () => boolean;
  readonly trouble: () => string | undefined;
  readonly clock?: Clock;
};
type Waits = Context & { readonly config: NmiConfig; readonly clock: Clock };
/** A port that is taken, and until when it is. */
type Waiting = { readonly taken: Fault; readonly until: Promise<void> };
type Operators = AsyncDisposable & {
  /** The other NMI has gone that may have had the ports: tells which is taken all the same, without which NMI serves on. */
  listening(): Promise<void>;
};

/**
 * What tells operators how NMI does: profiles, probes and metrics, with the lines that the original wrote of them. A port of
 * probes or metrics that is taken is waited for while NMI's own is taken too, as by an NMI of 1.x. @throws Fault PORT_IN_USE or ADDRESS_UNAVAILABLE
 */
export async function serveOperators(config: NmiConfig, { clock = realClock, ...given }: Told): Promise<Operators> {
  const told = { ...given, config, clock };
  const stack = new AsyncDisposableStack();
  try {
    if (config.enableProfile) {
      stack.use(await serveProfile(PROFILE_PORT));
      told.log.info(`starting profiling on port ${PROFILE_PORT}`);
    }
    const waiting = [...(await probes(told, stack)), ...(await exporter(told, stack))];
    const listening = async () => {
      const taken = await stillTaken(waiting, clock);
      if (taken !== undefined) told.log.error(`${taken.message}; NMI serves pods without it`);
    };
    return { listening, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (reason) {
    await stack.disposeAsync();
    throw reason;
  }
}

function probes(told: Told & Waits, stack: AsyncDisposableStack): Promise<readonly Waiting[]> {
  const say = (port: number) => {
    told.log.info(`initialized health probe on port ${port}`);
    told.log.info("started health probe");
  };
  return begin(() => serveProbes(told.isActive, told.config.probePort, told.trouble), say, told, stack);
}

function exporter(told: Told & Waits, stack: AsyncDisposableStack): Promise<readonly Waiting[]> {
  told.log.info("registered views for metric");
  told.log.info("starting Prometheus exporter");
  const say = (port: number) => told.log.info(`registered and exported metrics on port ${port}`);
  return begin(() => serveMetrics(told.metrics, told.config.prometheusPort, true), say, told, stack);
}

/** Listens, now or later; gives what it waits for. */
async function begin(
  serve: () => Promise<Listener>,
  say: (port: number) => void,
  { signal, log, config, clock }: Waits,
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
  const waiting = [{ taken, until }];
  if (await isOwnTaken(config)) {
    log.warn(`${taken.message}; it is tried again as long as NMI's own port is taken too`);
    return waiting;
  }
  const foreign = await stillTaken(waiting, clock);
  if (foreign !== undefined) throw foreign;
  return [];
}

function isOwnTaken({ listenAddress: host, listenPort: port }: NmiConfig): Promise<boolean> {
  return isTaken(() => listen((_, response) => response.destroy(), { host, port, flag: "nmi-port", isShared: true }));
}

async function stillTaken(waiting: readonly Waiting[], clock: Clock): Promise<Fault | undefined> {
  for (const { taken, until } of waiting) {
    const isOver = await Promise.race([until.then(() => false), clock.sleep(GRACE_MS).then(() => true)]);
    if (isOver) return taken;
  }
  return undefined;
}

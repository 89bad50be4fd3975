import { type Clock, realClock } from "../base/clock.ts";
import { runCommand } from "../intercept/command.ts";
import { type Interception, startInterception } from "../intercept/interception.ts";
import { isListening } from "../intercept/listening.ts";
import type { NmiEvents } from "../nmi/events/events.ts";
import type { NmiConfig } from "../nmi/start/options.ts";
import type { Context } from "./program.ts";

/** So long NMI tries to lay its rules when its start has failed otherwise. */
const LAST_TRY_MS = 10_000;
const LOOK_MS = 50;

/** Where something else redirects pods' requests. */
const byOthers: Interception = {
  redirectTo: async () => {},
  trouble: () => undefined,
  done: Promise.resolve(),
};

/** Begins to intercept pods' requests, as the flags say. @throws Fault PLATFORM_UNSUPPORTED */
export async function interceptPods(
  config: NmiConfig,
  events: NmiEvents,
  { signal, log }: Context,
): Promise<Interception> {
  if (config.skipIptables) return byOthers;
  const options = {
    metadata: { address: config.metadataAddress, port: config.metadataPort },
    listenAddress: config.listenAddress,
    listenPort: config.listenPort,
    hasGuard: config.imdsGuard,
    forgetsConnections: config.enableConntrackDeletion,
    intervalMs: config.iptablesIntervalSeconds * 1000,
    procSysNet: config.procSysNet,
    run: runCommand,
    isListening,
    ownMs: spentMs,
    clock: realClock,
    log,
    onRepair: events.rulesRepaired,
  };
  return await startInterception(options, signal);
}

/**
 * Lets a start that fails end only once the rules stand, or cannot: until somebody has mended what it failed for, no pod
 * shall reach what NMI was to stand before. Nothing is waited for once NMI is told to stop.
 */
export function rulesFirst(intercepting: Promise<Interception>, clock: Clock, signal: AbortSignal): AsyncDisposable {
  const stand = async () => {
    const interception = await intercepting;
    const untilMs = clock.monotonic() + LAST_TRY_MS;
    while (interception.trouble() !== undefined && clock.monotonic() < untilMs) await clock.sleep(LOOK_MS, signal);
  };
  return { [Symbol.asyncDispose]: () => (signal.aborted ? Promise.resolve() : stand().catch(() => {})) };
}

/** The processor time of this process so far, in milliseconds. */
function spentMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

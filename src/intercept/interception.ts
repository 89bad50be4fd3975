import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import { isLoopback } from "../base/loopback.ts";
import type { RunCommand } from "./command.ts";
import { forgetConnections } from "./conntrack.ts";
import { DataPlane } from "./data-plane.ts";
import { fromShell } from "./from-shell.ts";
import { Keeper } from "./keeper.ts";
import { metered } from "./look-cost.ts";
import { spentByProgramsMs } from "./processor-time.ts";
import { removeChains, removeHandover } from "./removal.ts";
import { RouteLocalnet } from "./route-localnet.ts";
import { watchRules } from "./rule-watch.ts";
import {
  type Chain,
  chainNames,
  guardChain,
  handoverChain,
  localnetChain,
  type Metadata,
  redirectAddress,
  redirectChain,
  type Table,
} from "./rules.ts";
import { findIptables } from "./variant.ts";

export type InterceptionOptions = {
  readonly metadata: Metadata;
  /** The IPv4 address that NMI listens on; 0.0.0.0 is all of the node. */
  readonly listenAddress: string;
  /** The port that NMI is going to listen on; 0 while that is not known. */
  readonly listenPort: number;
  /** Whether requests that go past the redirection are refused. */
  readonly hasGuard: boolean;
  /** Whether connections to the metadata service from before are forgotten once the rules stand. */
  readonly forgetsConnections: boolean;
  /** The longest pause between two looks at the rules. */
  readonly intervalMs: number;
  /** Where the node's /proc/sys/net is. */
  readonly procSysNet: string;
  readonly run: RunCommand;
  /** Whether any program of the node listens at a port. */
  readonly isListening: (port: number) => boolean;
  /** The processor time of this process so far, in milliseconds. */
  readonly ownMs: () => number;
  readonly clock: Clock;
  readonly log: Log;
  /** Rules that stood were put right. */
  readonly onRepair: (table: Table) => void;
};

export type Interception = {
  /**
   * Sends pods' requests to this port of NMI, which listens there already. Resolves once the rules stand and none sends new
   * connections to the port of `redirectMeanwhileTo` any more, or once told to stop.
   */
  redirectTo(port: number): Promise<void>;
  /**
   * Sends pods' requests to this port of NMI until `redirectTo` is called or NMI stops, whatever the rules of another NMI
   * say, and leaves these alone. Absent where something else redirects.
   */
  readonly redirectMeanwhileTo?: (port: number) => Promise<void>;
  /** Why requests are not intercepted as they should be, in a sentence; undefined when they are. */
  trouble(): string | undefined;
  /** Resolves once the signal is aborted; the rules stay. */
  readonly done: Promise<void>;
};

/**
 * Guards the metadata service from now on, so that no pod reaches it while NMI is not there yet, sends pods' requests to
 * the port where it will listen, and keeps the rules until the signal is aborted. @throws Fault PLATFORM_UNSUPPORTED
 */
export async function startInterception(options: InterceptionOptions, signal: AbortSignal): Promise<Interception> {
  const { metadata, hasGuard, intervalMs, procSysNet, run, isListening, ownMs, clock, log, onRepair } = options;
  const address = redirectAddress(options.listenAddress);
  const shell = fromShell(run, signal);
  const { chosen, stale, had } = await findIptables(shell.run);
  log.info("keeping rules in iptables", { variant: chosen.variant });
  for (const variant of stale)
    log.warn("rules of NMI are in another iptables too: `nmi --cleanup` removes all", { variant });

  const watch = watchRules(chosen.variant, { onChange: () => keeper.lookAgain(), log, clock, signal });
  const guards: readonly Chain[] = [
    ...(hasGuard ? [guardChain(metadata)] : []),
    ...(isLoopback(address) ? [localnetChain()] : []),
  ];
  const unwanted = hasGuard ? [] : [guardChain(metadata)];
  const handover = { isThere: had(chainNames.nat[1]), isWished: false };
  const setting = { folder: procSysNet, log, onRepair: () => onRepair("nat") }; // the redirection leads nowhere without it
  const localnet = isLoopback(address) ? new RouteLocalnet(setting) : undefined;
  const dataPlane = new DataPlane({ iptables: chosen, log });
  const alsoEnsure = async () => {
    await dataPlane.tell();
    if (handover.isThere && !handover.isWished) {
      await removeChains(chosen, "nat", [chainNames.nat[1]], log);
      handover.isThere = handover.isWished; // it may have been wished meanwhile, and is laid next
    }
    await localnet?.ensure();
  };
  const isTold = () => watch.isListening();
  const looks = metered(chosen, { ownMs, programsMs: () => spentByProgramsMs() + shell.spentMs() });
  const keeper = new Keeper({ ...looks, unwanted, alsoEnsure, intervalMs, isListening, isTold, clock, log, onRepair });
  void localnet?.watch(() => keeper.lookAgain(), clock, signal);
  let { forgetsConnections } = options;
  const lay = async (chain: Chain) => {
    keeper.keep([...guards, chain]);
    await keeper.standing(signal);
    if (!forgetsConnections) return;
    forgetsConnections = false; // once: later it would cut those off that NMI itself has to the metadata service
    await forgetConnections(metadata, run, log);
  };
  const layRedirection = (port: number) => lay(redirectChain(metadata, { address, port }));
  if (options.listenPort === 0) keeper.keep(guards);
  // While nobody listens there, a pod is refused either way; later on the rules would be waited for.
  let early = options.listenPort === 0 ? undefined : layRedirection(options.listenPort);
  early?.catch(() => {}); // told to stop, which whoever waits for the rules hears
  return {
    redirectTo: async (port) => {
      await (early !== undefined && port === options.listenPort ? early : layRedirection(port));
      if (!handover.isWished) return;
      handover.isWished = false; // not before: until the redirection stands it is all that pods have
      keeper.lookAgain();
      while (handover.isThere && !handover.isWished && !signal.aborted) await keeper.looked;
    },
    redirectMeanwhileTo: async (port) => {
      early = undefined;
      Object.assign(handover, { isThere: true, isWished: true });
      await lay(handoverChain(metadata, { address, port }));
    },
    trouble: () => keeper.trouble?.message,
    done: keeper.run(signal).then(async () => {
      if (!handover.isThere) return;
      await removeHandover(run, log).catch((reason) => log.error(Fault.from(reason).message));
    }),
  };
}

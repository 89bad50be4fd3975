import { Backoff } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { RunCommand } from "./command.ts";
import { type Iptables, isLasting } from "./iptables.ts";
import { removalText } from "./restore-text.ts";
import { chainNames, type Table } from "./rules.ts";
import { allIptables } from "./variant.ts";

/**
 * The last try begins so late. It may wait 5 seconds for the lock of iptables, and what comes before and after it when NMI
 * stops takes a few more: together less than the 30 that Kubernetes gives a pod to end in.
 */
const TRY_FOR_MS = 15_000;
const RETRY = { firstMs: 100, maxMs: 1000 } as const;

type Removed = { readonly chains: number; readonly faults: readonly Fault[] };

/**
 * Removes every rule of NMI from the node, of both variants of iptables, says which, and gives how many chains. What fails is tried
 * again for about 20 seconds, unless it would fail for ever.
 * @throws Fault IPTABLES_FAILED after everything else was tried
 */
export async function removeAll(run: RunCommand, log: Log, clock: Clock): Promise<number> {
  const backoff = new Backoff(RETRY);
  const untilMs = clock.monotonic() + TRY_FOR_MS;
  let chains = 0;
  while (true) {
    const removed = await removeOnce(run, log);
    chains += removed.chains;
    if (removed.faults.length === 0) return chains;
    const reason = [...new Set(removed.faults.map(({ message }) => message))].join("; ");
    if (clock.monotonic() >= untilMs || removed.faults.every(isLasting))
      throw new Fault("IPTABLES_FAILED", `rules are left on this node, run \`nmi --cleanup\` there again: ${reason}`);
    log.warn("not all rules are removed yet; trying again", { reason });
    await clock.sleep(backoff.next());
  }
}

/**
 * The guard last, so that no pod reaches the metadata service before the redirection is gone on purpose; it stays where
 * that could not be removed.
 */
async function removeOnce(run: RunCommand, log: Log): Promise<Removed> {
  const faults: Fault[] = [];
  let chains = 0;
  let variants = await allIptables(run);
  for (const table of ["nat", "filter"] as const) {
    const done: Iptables[] = [];
    for (const iptables of variants) {
      try {
        chains += await removeChains(iptables, table, chainNames[table], log);
        done.push(iptables);
      } catch (reason) {
        faults.push(Fault.from(reason));
      }
    }
    variants = done;
  }
  return { chains, faults };
}

/** Whether any chain of NMI is on the node. @throws Fault IPTABLES_FAILED */
export async function isAnyLeft(run: RunCommand): Promise<boolean> {
  for (const iptables of await allIptables(run)) {
    const tableOf = await iptables.read();
    for (const table of ["nat", "filter"] as const)
      if (chainNames[table].some((name) => tableOf(table).chains.has(name))) return true;
  }
  return false;
}

/**
 * Removes the redirection to a port that goes with this NMI, if there is one: what another one's rules say holds again.
 * @throws Fault IPTABLES_FAILED
 */
export async function removeHandover(run: RunCommand, log: Log): Promise<void> {
  for (const iptables of await allIptables(run)) await removeChains(iptables, "nat", [chainNames.nat[1]], log);
}

/** Removes those of the named chains that are there, and says so; gives how many. @throws Fault IPTABLES_FAILED */
export async function removeChains(
  iptables: Iptables,
  table: Table,
  names: readonly string[],
  log: Log,
): Promise<number> {
  const saved = (await iptables.read())(table);
  const removal = removalText(table, names, saved);
  if (removal === undefined) return 0;
  await iptables.change(removal.text);
  for (const chain of removal.chains) log.info(`removed chain ${chain}`, { table, variant: iptables.variant });
  return removal.chains.length;
}

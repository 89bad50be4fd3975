import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { RunCommand } from "./command.ts";
import type { Iptables } from "./iptables.ts";
import { removalText } from "./restore-text.ts";
import { chainNames, type Table } from "./rules.ts";
import { allIptables } from "./variant.ts";

/**
 * Removes every rule of NMI from the node, of both variants of iptables, and says so; the guard last, so that no pod
 * reaches the metadata service before the redirection is gone on purpose.
 * @throws Fault IPTABLES_FAILED after everything else was tried
 */
export async function removeRules(run: RunCommand, log: Log): Promise<void> {
  const variants = await allIptables(run);
  let removed = 0;
  const failures: string[] = [];
  for (const table of ["nat", "filter"] as const) {
    for (const iptables of variants) {
      try {
        removed += await removeChains(iptables, table, chainNames[table], log);
      } catch (reason) {
        failures.push(Fault.from(reason).message);
      }
    }
  }
  if (failures.length > 0) throw new Fault("IPTABLES_FAILED", `rules are left: ${[...new Set(failures)].join("; ")}`);
  if (removed === 0) log.info("no iptables rules of NMI are on this node");
  else
    log.info(
      "net.ipv4.conf.all.route_localnet stays as it is: set it to 0 where nothing else, as kube-proxy, needs it",
    );
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

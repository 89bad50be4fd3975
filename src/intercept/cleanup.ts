import { type Clock, realClock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { RunCommand } from "./command.ts";
import { removeAll } from "./removal.ts";

/**
 * Removes every rule of NMI from the node, and says so: what `nmi --cleanup` does.
 * @throws Fault IPTABLES_FAILED where some are left
 */
export async function removeRules(run: RunCommand, log: Log, clock: Clock = realClock): Promise<void> {
  const chains = await removeAll(run, log, clock);
  if (chains === 0) log.info("no iptables rules of NMI are on this node");
  else
    log.info(
      "net.ipv4.conf.all.route_localnet stays as it is: set it to 0 where nothing else, as kube-proxy, needs it",
    );
}

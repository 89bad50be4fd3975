import { type Clock, realClock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { RunCommand } from "./command.ts";
import { isAnyLeft, removeAll } from "./removal.ts";

/** An NMI that runs lays its rules again sooner than that on almost every node. */
const WATCH_MS = 2000;
const LOOK_MS = 250;

/**
 * Removes every rule of NMI from the node, and says so: what `nmi --cleanup` does.
 * @throws Fault IPTABLES_FAILED where some are left, or are back since an NMI runs
 */
export async function removeRules(run: RunCommand, log: Log, clock: Clock = realClock): Promise<void> {
  const chains = await removeAll(run, log, clock);
  if (chains === 0) return log.info("no iptables rules of NMI are on this node");
  await staysClean(run, clock);
  log.info("net.ipv4.conf.all.route_localnet stays as it is: set it to 0 where nothing else, as kube-proxy, needs it");
}

/** @throws Fault IPTABLES_FAILED where rules come back */
async function staysClean(run: RunCommand, clock: Clock): Promise<void> {
  const untilMs = clock.monotonic() + WATCH_MS;
  while (clock.monotonic() < untilMs) {
    await clock.sleep(LOOK_MS);
    if (!(await isAnyLeft(run))) continue;
    const message =
      "the rules are back, since NMI runs on this node: stop it first, by an uninstall or by keeping its DaemonSet from this node, and then run `nmi --cleanup` again";
    throw new Fault("IPTABLES_FAILED", message);
  }
}

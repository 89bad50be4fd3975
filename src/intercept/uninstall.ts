import { type Clock, realClock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { RunCommand } from "./command.ts";
import { removeAll } from "./removal.ts";

/** Whether NMI is being taken off the cluster for good, and what says so, or what keeps it from being sure. */
type Verdict = { readonly isUninstalled: boolean; readonly why: string };

/** How to remove what stays, for whoever reads the log. */
const STAYS =
  "iptables rules stay, so that pods cannot go past NMI; to remove them from this node run `nmi --cleanup` there";

/**
 * What becomes of the rules when NMI stops: they go only where it is known to be uninstalled. Whatever else ends it, a
 * roll-out, a drain or an API server that gives no answer, they stay, since without them pods have every identity of
 * the machine. @throws Fault IPTABLES_FAILED when they shall go and some are left
 */
export async function leaveRules(
  { isUninstalled, why }: Verdict,
  run: RunCommand,
  log: Log,
  clock: Clock = realClock,
): Promise<void> {
  if (!isUninstalled) return log.info(STAYS, { reason: why });
  log.info("NMI is being uninstalled: removing its iptables rules from this node", { evidence: why });
  await removeAll(run, log, clock);
}

import type { Log } from "../base/log.ts";
import type { RunCommand } from "./command.ts";
import type { Metadata } from "./rules.ts";

/**
 * Makes the kernel forget connections to the metadata service that are older than the rules and so go past them. Those
 * that are redirected already stay. Not worth a start that fails: the guard refuses such connections too.
 */
export async function forgetConnections({ address, port }: Metadata, run: RunCommand, log: Log): Promise<void> {
  log.info(`deleting conntrack entries for ${address}:${port}`);
  const which = [
    "-f",
    "ipv4",
    "-p",
    "tcp",
    "--orig-dst",
    address,
    "--orig-port-dst",
    `${port}`,
    "--reply-src",
    address,
  ];
  const ran = await run("conntrack", ["-D", ...which]);
  // Deleting nothing counts as a failure with conntrack.
  if (ran?.code === 0 || / 0 flow entries have been deleted/.test(ran?.stderr ?? "")) return;
  const reason =
    ran === undefined
      ? "conntrack is not installed (Debian: apt-get install conntrack)"
      : (ran.stderr.trim().split("\n").at(-1) ?? "");
  log.warn("connections to the metadata service from before NMI's start may go on", { reason });
}

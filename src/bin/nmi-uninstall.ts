import { Fault } from "../base/fault.ts";
import { runCommand } from "../intercept/command.ts";
import type { Interception } from "../intercept/interception.ts";
import { leaveRules } from "../intercept/uninstall.ts";
import type { KubeClient } from "../kube/client.ts";
import type { NmiConfig } from "../nmi/start/options.ts";
import { UninstallEvidence } from "../nmi/start/uninstall-evidence.ts";
import type { Context } from "./program.ts";

type Settings = Pick<NmiConfig, "daemonSet" | "skipIptables">;
type Leaving = AsyncDisposable & {
  /** Decides once what becomes of the rules. @throws Fault IPTABLES_FAILED */
  leave(): Promise<void>;
};

/**
 * Follows NMI's own DaemonSet from now on, and decides by it what becomes of the iptables rules when NMI is told to
 * stop; also when it is told so before it serves.
 */
export function leaving(
  { daemonSet, skipIptables }: Settings,
  interception: Interception,
  client: KubeClient,
  { signal, log }: Context,
): Leaving {
  if (skipIptables) return { leave: async () => {}, [Symbol.asyncDispose]: async () => {} };
  const evidence = new UninstallEvidence({ client, daemonSet, log });
  let left: Promise<void> | undefined;
  const decide = async () => {
    await interception.done; // what lays rules has ended
    await leaveRules(await evidence.verdict(), runCommand, log);
  };
  const leave = () => {
    left ??= decide();
    return left;
  };
  return {
    leave,
    async [Symbol.asyncDispose]() {
      using _ = evidence;
      if (!signal.aborted) return; // something else ends it: the rules stay for the next NMI
      await leave().catch((reason) => log.error(Fault.from(reason).message));
    },
  };
}

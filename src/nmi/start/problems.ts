import type { Env } from "../../base/options.ts";
import { portProblems } from "../../base/port-problems.ts";
import { PROFILE_PORT } from "../../base/profile.ts";
import { addressProblems } from "./addresses.ts";
import { micAccountProblems } from "./mic-account.ts";
import { modeProblems } from "./mode.ts";
import type { NmiConfig } from "./options.ts";
import { daemonSetProblems } from "./uninstall-evidence.ts";

type StartConfig = Parameters<typeof modeProblems>[0] &
  Parameters<typeof addressProblems>[0] &
  Pick<NmiConfig, "node" | "cleanup" | "daemonSet" | "micServiceAccount"> &
  Ports;
type Ports = Pick<NmiConfig, "listenPort" | "probePort" | "prometheusPort" | "enableProfile">;

/** What is wrong with settings that are right each by itself; told together, before anything starts. */
export function startProblems(config: StartConfig, env: Env): readonly string[] {
  if (config.cleanup) return []; // serves nobody
  const node = config.node === "" ? ["--node is empty: give the name of the node that NMI runs on"] : [];
  const names = [...daemonSetProblems(config.daemonSet), ...micAccountProblems(config.micServiceAccount)];
  const where = [...addressProblems(config), ...listenerProblems(config)];
  return [...node, ...where, ...modeProblems(config, env), ...names];
}

function listenerProblems({ listenPort, probePort, prometheusPort, enableProfile }: Ports): readonly string[] {
  return portProblems({
    "nmi-port": listenPort,
    "http-probe-port": probePort,
    "prometheus-port": prometheusPort,
    enableProfile: enableProfile ? PROFILE_PORT : 0,
  });
}

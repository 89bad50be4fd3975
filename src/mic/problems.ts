import type { Env } from "../base/options.ts";
import { portProblems } from "../base/port-problems.ts";
import { PROFILE_PORT } from "../base/profile.ts";
import type { MicConfig } from "./options.ts";

type StartConfig = Pick<MicConfig, "dryRun" | "probePort" | "prometheusPort" | "enableProfile">;

/** What is wrong with settings that are right each by itself, and with variables; told together, before anything starts. */
export function startProblems(config: StartConfig, env: Env): readonly string[] {
  return [...namespaceProblems(env), ...listenerProblems(config)];
}

function namespaceProblems({ MIC_POD_NAMESPACE: namespace = "" }: Env): readonly string[] {
  return namespace === ""
    ? ["namespace not specified. Please add meta.namespace as env variable MIC_POD_NAMESPACE"]
    : [];
}

function listenerProblems({ dryRun, probePort, prometheusPort, enableProfile }: StartConfig): readonly string[] {
  if (dryRun !== "off") return []; // listens nowhere
  return portProblems({
    "http-probe-port": probePort,
    "prometheus-port": prometheusPort,
    enableProfile: enableProfile ? PROFILE_PORT : 0,
  });
}

import type { Env } from "../../base/options.ts";
import { addressProblems } from "./addresses.ts";
import { micAccountProblems } from "./mic-account.ts";
import { modeProblems } from "./mode.ts";
import type { NmiConfig } from "./options.ts";
import { daemonSetProblems } from "./uninstall-evidence.ts";

type StartConfig = Parameters<typeof modeProblems>[0] &
  Parameters<typeof addressProblems>[0] &
  Pick<NmiConfig, "node" | "cleanup" | "daemonSet" | "micServiceAccount">;

/** What is wrong with settings that are right each by itself; told together, before anything starts. */
export function startProblems(config: StartConfig, env: Env): readonly string[] {
  if (config.cleanup) return []; // serves nobody
  const node = config.node === "" ? ["--node is empty: give the name of the node that NMI runs on"] : [];
  const names = [...daemonSetProblems(config.daemonSet), ...micAccountProblems(config.micServiceAccount)];
  return [...node, ...addressProblems(config), ...modeProblems(config, env), ...names];
}

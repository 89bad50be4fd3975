import type { Env } from "../../base/options.ts";
import type { NmiConfig } from "./options.ts";

type ModeConfig = Pick<NmiConfig, "operationMode" | "forceNamespaced">;

const NOT_INITIALIZED = "failed to initialize token client, error:";

/** Whether identities count in their own namespace only. Any way of saying it is enough: no switch takes another back. */
export function isNamespacedOnly({ forceNamespaced }: ModeConfig, env: Env): boolean {
  return forceNamespaced || env.FORCENAMESPACED === "true";
}

/** Whether machines have their identities by hand, without MIC. */
export function isManagedMode({ operationMode }: ModeConfig): boolean {
  return operationMode.toLowerCase() === "managed";
}

/** What is wrong with the mode, in the original's words, which it said only once all objects had been read. */
export function modeProblems(config: ModeConfig, env: Env): readonly string[] {
  const mode = config.operationMode.toLowerCase();
  if (mode !== "standard" && mode !== "managed") {
    return [`${NOT_INITIALIZED} operation mode ${mode} not supported: --operation-mode is standard or managed`];
  }
  if (mode === "managed" && !isNamespacedOnly(config, env)) {
    const words = `${NOT_INITIALIZED} managed mode not intialized in force namespaced mode`; // the typo is the original's
    return [`${words}: add --forceNamespaced, since without MIC identities count in their own namespace only`];
  }
  return [];
}

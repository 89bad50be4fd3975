import { Fault } from "../base/fault.ts";
import type { Env } from "../base/options.ts";
import { proxyProblem } from "../base/proxy-variable.ts";

/** Where Azure's SDK looks up its proxy; what goes to Azure past the SDK has Node's. */
const SDK_ORDER = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"];

/** Why no call to Azure can go through the proxy of the environment, in a sentence without its value. */
export function azureProxyProblem(env: Env): string | undefined {
  return proxyProblem(env, SDK_ORDER) ?? proxyProblem(env);
}

/** Ends a call before it signs in: the SDK would tell of a proxy that it cannot read by an error without a word of why. */
export function checkAzureProxy(env: Env): void {
  const problem = azureProxyProblem(env);
  if (problem !== undefined) throw new Fault("ARM_UNREACHABLE", `Azure Resource Manager is not asked: ${problem}`);
}

import { Fault } from "../base/fault.ts";
import type { Env } from "../base/options.ts";
import { proxyProblem, withProxyUrls } from "../base/proxy-variable.ts";

/** Where Azure's SDK looks up its proxy; what goes to Azure past the SDK has Node's. */
const SDK_ORDER = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"];

/** Why no call to Azure can go through the proxy of the environment, in a sentence without its value. */
export function azureProxyProblem(env: Env): string | undefined {
  return proxyProblem(env, SDK_ORDER) ?? proxyProblem(env);
}

/**
 * The environment that the process has to have before Azure's SDK is used, which looks into it by itself, for its sign-in
 * too, and cannot read 10.0.0.1:3128 or takes proxy.corp: for a scheme: with whole URLs of proxies.
 */
export function withAzureProxyUrls(env: Env): Env {
  return withProxyUrls(env, SDK_ORDER);
}

/** Ends a call before it signs in: the SDK would tell of a proxy that it cannot read by an error without a word of why. */
export function checkAzureProxy(env: Env): void {
  const problem = azureProxyProblem(env);
  if (problem !== undefined) throw new Fault("ARM_UNREACHABLE", `Azure Resource Manager is not asked: ${problem}`);
}

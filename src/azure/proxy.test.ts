import { describe, expect, it } from "vitest";
import type { Env } from "../base/options.ts";
import { machineOf } from "./compute.ts";
import { Identities } from "./identities.ts";
import { azureProxyProblem } from "./proxy.ts";
import { SdkCompute } from "./sdk-compute.ts";

const never = new AbortController().signal;
const bad = "http://svc:50%off@proxy.corp:3128";
const good = "http://proxy.corp:3128";

describe("a proxy that no call to Azure can go through", () => {
  it.each<{ env: Env; named: string | undefined }>([
    { env: {}, named: undefined },
    { env: { HTTPS_PROXY: good, ALL_PROXY: bad, HTTP_PROXY: bad, NO_PROXY: "%" }, named: undefined },
    { env: { HTTPS_PROXY: bad }, named: "HTTPS_PROXY" },
    { env: { https_proxy: bad, HTTPS_PROXY: good }, named: "https_proxy" }, // Node's first
    { env: { https_proxy: good, HTTPS_PROXY: bad }, named: "HTTPS_PROXY" }, // the SDK's first
    { env: { all_proxy: bad, HTTP_PROXY: good }, named: "all_proxy" },
    { env: { http_proxy: bad }, named: "http_proxy" },
  ])("is told by its variable: $env", ({ env, named }) => {
    const problem = azureProxyProblem(env);
    if (named === undefined) expect(problem).toBeUndefined();
    else expect(problem).toMatch(new RegExp(`^variable ${named} `));
  });

  it("is told by each call, which signs in nowhere", async () => {
    const env = { HTTPS_PROXY: bad };
    const signIn = { count: 0 };
    const credential = async () => {
      signIn.count += 1;
      return { getToken: async () => null };
    };
    const access = {
      cloud: { resourceManager: "https://127.0.0.1:9", activeDirectory: "https://127.0.0.1:9" },
      credential,
    };
    const shared = { access: () => access, userAgent: "test", env };
    const vm = machineOf("/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm");
    const message = `Azure Resource Manager is not asked: ${azureProxyProblem(env)}`;
    const fault = { code: "ARM_UNREACHABLE", message };
    await expect(new Identities(shared).clientId("/id", never)).rejects.toMatchObject(fault);
    await expect(new SdkCompute(shared).get(vm, never)).rejects.toMatchObject(fault);
    expect(signIn.count).toBe(0);
  });
});

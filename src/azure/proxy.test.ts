import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Env } from "../base/options.ts";
import { Secret } from "../base/secret.ts";
import { machineOf } from "./compute.ts";
import { createCredential } from "./credentials.ts";
import { Identities } from "./identities.ts";
import { azureProxyProblem, withAzureProxyUrls } from "./proxy.ts";
import { SdkCompute } from "./sdk-compute.ts";

const never = new AbortController().signal;
const bad = "http://svc:50%off@proxy.corp:3128";
const good = "http://proxy.corp:3128";
const vm = machineOf("/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm");

describe("a proxy that no call to Azure can go through", () => {
  it.each<{ env: Env; named: string | undefined }>([
    { env: {}, named: undefined },
    { env: { HTTPS_PROXY: good, ALL_PROXY: bad, HTTP_PROXY: bad, NO_PROXY: "%" }, named: undefined },
    { env: { HTTPS_PROXY: "proxy.corp:3128", all_proxy: bad }, named: undefined },
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
    const message = `Azure Resource Manager is not asked: ${azureProxyProblem(env)}`;
    const fault = { code: "ARM_UNREACHABLE", message };
    await expect(new Identities(shared).clientId("/id", never)).rejects.toMatchObject(fault);
    await expect(new SdkCompute(shared).get(vm, never)).rejects.toMatchObject(fault);
    expect(signIn.count).toBe(0);
  });
});

describe("a proxy whose URL is not whole", () => {
  const names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"];
  const cloud = { resourceManager: "https://arm.invalid", activeDirectory: "https://login.invalid" };
  const signIn = { kind: "secret", clientId: "c", secret: new Secret("hush") } as const;
  const config = { cloud: "AzureStackCloud", tenantId: "t", subscriptionId: "s", resourceGroup: "g", signIn };
  afterEach(() => vi.unstubAllEnvs());

  /** What a proxy is asked for by a call to Azure, of which it carries nothing. */
  async function asked(variable: string, scheme: string, call: "read" | "sign-in" | "identity"): Promise<Set<string>> {
    const hosts = new Set<string>();
    const proxy = createServer().on("connect", ({ url = "" }, socket) => {
      hosts.add(url);
      socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
    });
    await once(proxy.listen(0, "127.0.0.1"), "listening");
    for (const name of names) vi.stubEnv(name, "");
    vi.stubEnv(variable, `${scheme}127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    for (const [name, url] of Object.entries(withAzureProxyUrls(process.env))) vi.stubEnv(name, url);
    const token = { getToken: async () => ({ token: "t", expiresOnTimestamp: Date.now() + 3_600_000 }) };
    const credential = async () => (call === "sign-in" ? await createCredential(config, cloud) : token);
    const shared = { access: () => access, userAgent: "test", env: process.env };
    const access = { cloud, credential };
    const asking =
      call === "identity" ? new Identities(shared).clientId("/id", never) : new SdkCompute(shared).get(vm, never);
    await expect(asking).rejects.toThrow();
    proxy.close();
    return hosts;
  }

  it.each([
    ["HTTPS_PROXY", ""],
    ["https_proxy", "HTTP://"],
    ["all_proxy", ""],
    ["HTTP_PROXY", ""],
  ])("carries a call of Azure's SDK and its sign-in: %s=%s127.0.0.1", async (variable, scheme) => {
    expect(await asked(variable, scheme, "read")).toEqual(new Set(["arm.invalid:443"]));
    expect(await asked(variable, scheme, "sign-in")).toEqual(new Set(["login.invalid:443"]));
  });

  it.each(["", "HTTP://"])("carries a question for an identity: HTTPS_PROXY=%s127.0.0.1", async (scheme) => {
    expect(await asked("HTTPS_PROXY", scheme, "identity")).toEqual(new Set(["arm.invalid:443"]));
  });
});

import { createServer } from "node:http";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { Fault } from "../base/fault.ts";
import { bind } from "../base/listener.ts";
import { startImds } from "../sandbox/azure/imds.ts";
import { createWorld } from "../sandbox/azure/world.ts";
import type { CloudConfig } from "./cloud-config.ts";
import { createCredential } from "./credentials.ts";

const SCOPE = "https://management.azure.com/.default";
const place = { cloud: "AzurePublicCloud", tenantId: "", subscriptionId: "s", resourceGroup: "g" };
const cloud = { resourceManager: "https://arm.invalid", activeDirectory: "https://login.invalid" };
const CHECK = "check that MIC's pods may reach 169.254.169.254 and that NMI lets them pass";
afterEach(() => vi.unstubAllEnvs());

async function azure(clientId = "", over: Partial<CloudConfig> = {}) {
  const world = await createWorld();
  const vm = world.createVm({ resourceGroup: "g", name: "vm", systemAssigned: true });
  const server = await startImds({ world, machine: vm.id });
  const clock = new FakeClock();
  const config: CloudConfig = { ...place, signIn: { kind: "managed-identity", clientId }, ...over };
  const credential = await createCredential(config, cloud, { imds: server.url, clock });
  const getToken = () => patiently(credential.getToken(SCOPE), clock);
  const stop = () => server[Symbol.asyncDispose]();
  return { world, vm, clock, credential, getToken, stop, [Symbol.asyncDispose]: stop };
}

/** Time passes while it pauses between attempts, and stands still while it waits for an answer, under its time limit. */
async function patiently<T>(asking: Promise<T>, clock: FakeClock): Promise<T> {
  const over = asking.then(
    () => true,
    () => true,
  );
  while (!(await Promise.race([over, clock.asleep(2).then(() => false)]))) clock.advance(2_500);
  return asking;
}

async function faultOf(asking: Promise<unknown>): Promise<Fault> {
  return asking.then(
    () => expect.unreachable("a token came"),
    (reason: unknown) => (reason instanceof Fault ? reason : expect.unreachable(String(reason))),
  );
}

describe("signing in with a managed identity", () => {
  it("gets a token of the machine's own identity, for the resource of the scope", async () => {
    await using az = await azure();
    const answer = await az.credential.getToken(SCOPE);
    const claims = az.world.key.verified(answer?.token ?? "");
    expect(claims).toMatchObject({ aud: "https://management.azure.com" });
    expect(answer?.expiresOnTimestamp).toBe(Number(claims?.exp) * 1000);
  });

  it("says which identity the machine lacks, and is well once it is there", async () => {
    const clientId = "0123-mine-89ab";
    await using az = await azure(clientId);
    expect(await faultOf(az.credential.getToken(SCOPE))).toMatchObject({
      code: "ARM_CREDENTIAL",
      message:
        "MIC's node gives MIC no token: it has no identity 0123##### REDACTED #####89ab: put it on the machine, or correct userAssignedIdentityID",
    });
    const identity = { ...az.world.createIdentity({ resourceGroup: "g", name: "mine" }), clientId };
    const userAssigned = new Map([[identity.id.toLowerCase(), identity]]);
    az.world.changeIdentity(az.vm, { systemAssigned: undefined, userAssigned }, 0);
    expect(az.world.key.verified((await az.credential.getToken(SCOPE))?.token ?? "")).toMatchObject({
      appid: clientId,
    });
  });

  it("says that the machine has no identity of its own, by the name of the setting", async () => {
    await using az = await azure("", { isFromEnvironment: true });
    az.world.changeIdentity(az.vm, { systemAssigned: undefined, userAssigned: new Map() }, 0);
    expect((await faultOf(az.credential.getToken(SCOPE))).message).toBe(
      "MIC's node gives MIC no token: it has no system-assigned identity: give it one, or name a user-assigned one in USER_ASSIGNED_MSI_CLIENT_ID",
    );
  });

  it("gets over passing trouble", async () => {
    await using az = await azure();
    az.world.traffic.failNext("imds.token", { status: 503, code: "x", message: "Not yet." });
    az.world.traffic.failNext("imds.token", "connection closed");
    expect(await az.getToken()).toMatchObject({ token: expect.any(String) });
  });

  it.each([
    {
      when: "there is an error of its own",
      failure: { status: 500, code: "x", message: "Oops." },
      code: "IMDS_ERROR",
      says: `status 500, Oops.; ${CHECK}`,
    },
    {
      when: "NMI refuses",
      failure: { status: 403, code: "forbidden", message: "No identity is\nbound." },
      code: "IMDS_REFUSED",
      says: `status 403, No identity is bound.; ${CHECK}`,
    },
    {
      when: "a long pause is asked for",
      failure: { status: 429, code: "x", message: "Too many requests", retryAfterSeconds: 20 },
      code: "IMDS_THROTTLED",
      says: "status 429, Too many requests; MIC asks again",
      retryAfterMs: 20_000,
    },
  ])("$when: one sentence with the fix", async ({ failure, code, says, retryAfterMs }) => {
    await using az = await azure();
    az.world.traffic.failNext("imds.token", failure, 3);
    const message = `the instance metadata service of MIC's node gives MIC no token: ${says}`;
    expect(await faultOf(az.getToken())).toMatchObject({ code, message, retryAfterMs });
  });

  it("says that nobody answers", async () => {
    const az = await azure();
    await az.stop();
    expect(await faultOf(az.getToken())).toMatchObject({
      code: "IMDS_UNREACHABLE",
      message: `the instance metadata service of MIC's node does not answer (ECONNREFUSED): ${CHECK}`,
    });
  });

  it("gives up on an IMDS that swallows requests after half a minute", async () => {
    await using az = await azure();
    az.world.traffic.delay("imds.token", 3_600_000);
    const asking = faultOf(az.credential.getToken(SCOPE));
    await az.clock.asleep();
    az.clock.advance(30_000);
    expect(await asking).toMatchObject({
      code: "IMDS_UNREACHABLE",
      message: `the instance metadata service of MIC's node does not answer (no answer within 30 seconds): ${CHECK}`,
    });
  });

  it("sends no request through a proxy, and takes nothing else for a token", async () => {
    const asked: (string | undefined)[] = [];
    const proxy = createServer((request, response) => {
      asked.push(request.url);
      response.end("<html>");
    });
    await using listener = await bind(proxy, { host: "127.0.0.1", port: 0, flag: "port" });
    const url = `http://127.0.0.1:${listener.port}`;
    for (const name of ["HTTP_PROXY", "http_proxy", "ALL_PROXY"]) vi.stubEnv(name, url);
    await using az = await azure();
    expect(await az.credential.getToken(SCOPE)).toMatchObject({ token: expect.any(String) });
    expect(asked).toEqual([]);

    const config: CloudConfig = { ...place, signIn: { kind: "managed-identity", clientId: "" } };
    const { clock } = az;
    const odd = await createCredential(config, cloud, { imds: url, clock });
    expect((await faultOf(patiently(odd.getToken(SCOPE), clock))).message).toMatch(/answers without a token: check/);
  });
});

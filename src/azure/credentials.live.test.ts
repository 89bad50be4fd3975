import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { Fault, type FaultCode } from "../base/fault.ts";
import { Secret } from "../base/secret.ts";
import { startEntra } from "../sandbox/azure/entra.ts";
import type { ServicePrincipal } from "../sandbox/azure/service-principals.ts";
import { createWorld } from "../sandbox/azure/world.ts";
import { type Authority, createAuthority, type ServerCertificate } from "../sandbox/certificates.ts";
import { readClientCertificate } from "./client-certificate.ts";
import type { CloudConfig } from "./cloud-config.ts";
import { type CredentialOptions, createCredential } from "./credentials.ts";

const SCOPE = "https://management.azure.com/.default";
const folder = join(import.meta.dirname, "../../test/support/certificates");
const names = { file: "aadClientCertPath", password: "aadClientCertPassword" };
let authority: Authority;
let tls: ServerCertificate;
beforeAll(async () => {
  authority = await createAuthority();
  tls = await authority.serverCertificate();
});

async function entra(wishes: Partial<ServicePrincipal> = {}) {
  const world = await createWorld();
  const server = await startEntra({ world, tls });
  const principal = world.createServicePrincipal(wishes);
  const cloud = { resourceManager: "https://arm.invalid", activeDirectory: server.url };
  const signIn = async (over: Partial<CloudConfig> = {}, options: CredentialOptions = {}) => {
    const secret = { kind: "secret", clientId: principal.clientId, secret: new Secret(principal.secret) } as const;
    const config = { cloud: "AzureStackCloud", tenantId: principal.tenant, subscriptionId: "s", resourceGroup: "g" };
    return createCredential({ ...config, signIn: secret, ...over }, cloud, { ca: authority.caPem, ...options });
  };
  return { world, principal, cloud, signIn, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

async function certificate(name: string, clientId: string) {
  const content = readFileSync(join(folder, name));
  const read = await readClientCertificate(`/etc/mic/${name}`, content, "hush-p", names);
  return { kind: "certificate", clientId, certificate: read } as const;
}

async function faultOf(asking: Promise<unknown>): Promise<Fault> {
  return asking.then(
    () => expect.unreachable("a token came"),
    (reason: unknown) => (reason instanceof Fault ? reason : expect.unreachable(String(reason))),
  );
}

describe("createCredential", () => {
  it.each(["rsa.pem", "rsa.pfx", "ec.pem", "ec.pfx", "chain.pfx"])(
    "signs in with the certificate of %s",
    async (name) => {
      const { pem } = (await certificate(name, "")).certificate;
      await using azure = await entra({ certificates: [pem.reveal().replace(/-----BEGIN PRIV[\s\S]*$/, "")] });
      const credential = await azure.signIn({ signIn: await certificate(name, azure.principal.clientId) });
      const answer = await credential.getToken(SCOPE);
      expect(azure.world.key.verified(answer?.token ?? "")).toMatchObject({ appid: azure.principal.clientId });
    },
  );

  it("asks once for callers who ask at once, whoever of them leaves", async () => {
    await using azure = await entra();
    const credential = await azure.signIn();
    const leaver = new AbortController();
    azure.world.traffic.delay("entra.token", 50);
    const left = credential.getToken(SCOPE, { abortSignal: leaver.signal });
    const stays = credential.getToken(SCOPE);
    leaver.abort(new Error("left"));
    await expect(left).rejects.toThrow("left");
    expect(await stays).toMatchObject({ token: expect.any(String) });
    expect(azure.world.traffic.calls("entra.token")).toBe(1);
  });
});

type Trouble = {
  readonly when: string;
  readonly wrong: (azure: Awaited<ReturnType<typeof entra>>) => Partial<CloudConfig> | Promise<Partial<CloudConfig>>;
  readonly options?: CredentialOptions;
  readonly code?: FaultCode;
  readonly says: RegExp;
};
const secretOf = (clientId: string, value: string) =>
  ({ signIn: { kind: "secret", clientId, secret: new Secret(value) } }) as const;

describe("what goes wrong when signing in", () => {
  it.each<Trouble>([
    {
      when: "the secret is wrong",
      wrong: ({ principal }) => secretOf(principal.clientId, "hush-wrong"),
      says: /^Entra ID gives MIC no token: it does not take the client secret, correct aadClientSecret in azure\.json \(AADSTS7000215: .*for a secret added to app '.{4}##### REDACTED #####.{4}'\)$/,
    },
    {
      when: "the secret of the environment is wrong",
      wrong: ({ principal }) => ({ ...secretOf(principal.clientId, "hush-wrong"), isFromEnvironment: true }),
      says: /correct CLIENT_SECRET in MIC's environment \(/,
    },
    {
      when: "the tenant is wrong",
      wrong: () => ({ tenantId: "other" }),
      says: /^Entra ID gives MIC no token: https:\/\/127\.0\.0\.1:\d+ knows no tenant other, correct tenantId or cloud in azure\.json \(AADSTS90002: Tenant 'other' not found\. [^:]*\)$/,
    },
    {
      when: "the application is unknown",
      wrong: () => secretOf("0123456789", "hush-wrong"),
      says: /: tenant .* has no application 0123##### REDACTED #####6789, correct aadClientId or tenantId in azure\.json \(AADSTS700016: [^:]*\)$/,
    },
    {
      when: "the certificate is not registered",
      wrong: async ({ principal }) => ({ signIn: await certificate("rsa.pem", principal.clientId) }),
      says: /: it does not take certificate 6222BF74.* of \/etc\/mic\/rsa\.pem, register it with the application or correct aadClientCertPath in azure\.json \(AADSTS700027: .*\)$/,
    },
    {
      when: "the certificate has expired since",
      wrong: async ({ principal }) => ({ signIn: await certificate("ec.pem", principal.clientId) }),
      options: { clock: new FakeClock(Date.UTC(2127, 0, 1)) },
      says: /^the certificate in \/etc\/mic\/ec\.pem expired on 2126-10-29: put a valid one there and register it with the application$/,
    },
    {
      when: "Entra's certificate is not trusted",
      wrong: () => ({}),
      options: { ca: undefined },
      code: "ENTRA_UNREACHABLE",
      says: /^Entra ID at .* shows a certificate that MIC does not trust \(\w+\): name its authority's file in NODE_EXTRA_CA_CERTS$/,
    },
    {
      when: "Entra is overloaded",
      wrong: ({ world }) => {
        world.traffic.failNext("entra.token", { status: 503, code: "90033", message: "Come back." }, 9);
        return {};
      },
      code: "ENTRA_ERROR",
      says: /^Entra ID gives MIC no token for now: it answers with status 503; MIC asks again \(AADSTS90033: Come back\)$/,
    },
    {
      when: "Entra closes connections",
      wrong: ({ world }) => {
        world.traffic.failNext("entra.token", "connection closed", 9);
        return {};
      },
      code: "ENTRA_UNREACHABLE",
      says: /^Entra ID at .* does not answer \(ECONNRESET\): check MIC's network, and cloud in azure\.json$/,
    },
  ])("$when: one sentence with the fix", async ({ wrong, options, code = "ARM_CREDENTIAL", says }) => {
    await using azure = await entra();
    const credential = await azure.signIn(await wrong(azure), options);
    const fault = await faultOf(credential.getToken(SCOPE));
    expect(fault).toMatchObject({ code, message: expect.stringMatching(says) });
    expect(fault.message).not.toMatch(/\n|hush|Trace ID|Timestamp/);
    expect(fault.message).not.toContain(azure.principal.clientId);
    expect(fault.message).not.toContain(azure.principal.secret);
  });

  it("nobody listens: says so at once", async () => {
    await using azure = await entra();
    const credential = await azure.signIn();
    await azure[Symbol.asyncDispose]();
    const fault = await faultOf(credential.getToken(SCOPE));
    expect(fault).toMatchObject({ code: "ENTRA_UNREACHABLE", message: expect.stringMatching(/ECONNREFUSED/) });
  });

  it("packets vanish: gives up after half a minute", async () => {
    await using azure = await entra();
    azure.world.traffic.delay("entra.discovery", 3_600_000);
    const clock = new FakeClock();
    const credential = await azure.signIn({}, { clock });
    const asking = faultOf(credential.getToken(SCOPE));
    await clock.asleep();
    clock.advance(30_000);
    expect((await asking).message).toBe(
      `Entra ID at ${azure.cloud.activeDirectory} does not answer (no answer within 30 seconds): check MIC's network, and cloud in azure.json`,
    );
  });

  it("is over when its cause is: nothing of a failure is kept", async () => {
    await using azure = await entra();
    const late = { tenant: azure.world.tenant, clientId: "late-application", secret: "hush-late" };
    const credential = await azure.signIn({ tenantId: late.tenant, ...secretOf(late.clientId, late.secret) });
    expect(await faultOf(credential.getToken(SCOPE))).toMatchObject({ code: "ARM_CREDENTIAL" });
    azure.world.createServicePrincipal(late);
    expect(await credential.getToken(SCOPE)).toMatchObject({ token: expect.any(String) });
  });
});

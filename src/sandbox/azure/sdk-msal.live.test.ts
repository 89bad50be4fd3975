import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  ConfidentialClientApplication,
  ManagedIdentityApplication,
  type NodeAuthOptions,
  ServerError,
} from "@azure/msal-node";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { trustAuthority, vendorAzure } from "../../../test/support/azure/vendor-azure.ts";
import { startImds } from "./imds.ts";

/** `@azure/msal-node` as it is against Entra ID and IMDS: what stands below the SDK, and what others use alone. */

const ARM = "https://management.azure.com";
const scopes = [`${ARM}/.default`];

beforeAll(trustAuthority);
afterEach(() => vi.unstubAllEnvs());

type Azure = Awaited<ReturnType<typeof vendorAzure>>;
type Proof = Pick<NodeAuthOptions, "clientSecret" | "clientCertificate" | "clientAssertion">;

function application({ entra, world }: Azure, clientId: string, proof: Proof): ConfidentialClientApplication {
  const authority = `${entra.url}/${world.tenant}`;
  return new ConfidentialClientApplication({
    auth: { clientId, authority, knownAuthorities: [new URL(entra.url).host], ...proof },
  });
}

describe("@azure/msal-node", () => {
  it("signs in with a secret, and keeps the token", async () => {
    await using azure = await vendorAzure();
    const { clientId, secret } = azure.world.createServicePrincipal();
    const app = application(azure, clientId, { clientSecret: secret });

    const first = await app.acquireTokenByClientCredential({ scopes });
    expect(await azure.verified(first?.accessToken ?? "", ARM)).toMatchObject({ appid: clientId, appidacr: "1" });
    const second = await app.acquireTokenByClientCredential({ scopes });
    expect(second).toMatchObject({ accessToken: first?.accessToken, fromCache: true });
    expect(azure.world.traffic.calls("entra.token")).toBe(1);
  });

  it("signs in with a certificate", async () => {
    await using azure = await vendorAzure();
    const pem = readFileSync(join(import.meta.dirname, "../../../test/support/certificates/rsa.pem"), "utf8");
    const { clientId } = azure.world.createServicePrincipal({ certificates: [pem] });
    const thumbprintSha256 = createHash("sha256").update(new X509Certificate(pem).raw).digest("hex");
    const app = application(azure, clientId, { clientCertificate: { thumbprintSha256, privateKey: pem } });

    const { accessToken = "" } = (await app.acquireTokenByClientCredential({ scopes })) ?? {};
    expect(await azure.verified(accessToken, ARM)).toMatchObject({ appid: clientId, appidacr: "2" });
  });

  it("tells the error, its number and the request's own ID as Entra ID does", async () => {
    await using azure = await vendorAzure();
    const { clientId } = azure.world.createServicePrincipal();
    const correlationId = "11111111-2222-4333-8444-555555555555";
    const refused = application(azure, clientId, { clientSecret: "wrong" }).acquireTokenByClientCredential({
      scopes,
      correlationId,
    });
    await expect(refused).rejects.toBeInstanceOf(ServerError);
    await expect(refused).rejects.toMatchObject({
      errorCode: "invalid_client",
      errorNo: 7000215,
      status: 401,
      correlationId,
      errorMessage: expect.stringContaining(`Correlation ID: ${correlationId}`),
    });
  });

  it("gets a machine's tokens, and keeps them", async () => {
    await using azure = await vendorAzure();
    const { world } = azure;
    const { id, clientId } = world.createIdentity({ resourceGroup: "identities", name: "demo" });
    const vm = world.createVm({ resourceGroup: "nodes", name: "vm-0", userAssigned: [id] });
    await using imds = await startImds({ world, machine: vm.id });
    vi.stubEnv("AZURE_POD_IDENTITY_AUTHORITY_HOST", imds.url);
    const app = new ManagedIdentityApplication({ managedIdentityIdParams: { userAssignedResourceId: id } });

    const { accessToken, expiresOn } = await app.acquireToken({ resource: ARM });
    expect(await azure.verified(accessToken, ARM)).toMatchObject({ appid: clientId, xms_mirid: id });
    expect(Number(expiresOn)).toBeGreaterThan(Date.now() + 23 * 60 * 60 * 1000);
    expect(await app.acquireToken({ resource: ARM })).toMatchObject({ accessToken, fromCache: true });
    expect(world.traffic.calls("imds.token")).toBe(1);
  });
});

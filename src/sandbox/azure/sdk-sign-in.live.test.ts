import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  ManagedIdentityCredential,
} from "@azure/identity";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { fileOf, trustAuthority, vendorAzure } from "../../../test/support/azure/vendor-azure.ts";
import { startImds } from "./imds.ts";
import { SigningKey } from "./signing-key.ts";

/** `@azure/identity` as it is against Entra ID and IMDS; `jose` judges the tokens by the published keys. */

const ARM = "https://management.azure.com";
const SCOPE = `${ARM}/.default`;
const FILES = join(import.meta.dirname, "../../../test/support/certificates");
const [caFirst = "", leaf = ""] = readFileSync(join(FILES, "chain.pem"), "utf8").split(/(?<=END PRIVATE KEY-----\n)/);
/** The authority's certificate, and the one that it issued with its key. */
const [issuer = "", key = ""] = caFirst.split(/(?<=END CERTIFICATE-----\n)/);

beforeAll(trustAuthority);
afterEach(() => vi.unstubAllEnvs());

const options = (entraUrl: string) => ({ authorityHost: entraUrl, disableInstanceDiscovery: true });

describe("@azure/identity with a secret", () => {
  it("gets a token that the published keys verify", async () => {
    await using azure = await vendorAzure();
    const { tenant, clientId, principalId, secret } = azure.world.createServicePrincipal();

    const credential = new ClientSecretCredential(tenant, clientId, secret, options(azure.entra.url));
    const { token, expiresOnTimestamp } = await credential.getToken(SCOPE);

    expect(await azure.verified(token, ARM)).toMatchObject({ appid: clientId, oid: principalId, tid: tenant });
    expect(expiresOnTimestamp).toBeGreaterThan(Date.now() + 50 * 60 * 1000);
    await expect(azure.verified(token, "https://vault.azure.net")).rejects.toThrow('unexpected "aud" claim value');
    await using other = await vendorAzure({ key: await SigningKey.generate() });
    await expect(other.verified(token, ARM)).rejects.toThrow("no applicable key found in the JSON Web Key Set");
  });

  it("is told a wrong secret by Entra's own number", async () => {
    await using azure = await vendorAzure();
    const { tenant, clientId } = azure.world.createServicePrincipal();
    const credential = new ClientSecretCredential(tenant, clientId, "wrong", options(azure.entra.url));
    await expect(credential.getToken(SCOPE)).rejects.toThrow(/AADSTS7000215/);
  });

  it("gets a token of version 2.0 where the resource asks for those", async () => {
    await using azure = await vendorAzure();
    const { tenant, clientId, secret } = azure.world.createServicePrincipal();
    const orders = azure.world.createServicePrincipal({ identifierUris: ["api://orders"], accessTokenVersion: 2 });
    const credential = new ClientSecretCredential(tenant, clientId, secret, options(azure.entra.url));

    for (const name of ["api://orders", orders.clientId, `api://${orders.clientId}`]) {
      const { token } = await credential.getToken(`${name}/.default`);
      const claims = await azure.verified(token, orders.clientId, "/v2.0");
      expect(claims).toMatchObject({ ver: "2.0", azp: clientId, azpacr: "1", tid: tenant });
      expect(claims).not.toHaveProperty("appid");
    }
    const { token } = await credential.getToken(SCOPE);
    expect(await azure.verified(token, ARM)).toMatchObject({ ver: "1.0" });
  });
});

describe("@azure/identity with a certificate", () => {
  it("signs in where it is registered", async () => {
    await using azure = await vendorAzure();
    const file = join(FILES, "rsa.pem");
    const { tenant, clientId } = azure.world.createServicePrincipal({ certificates: [readFileSync(file, "utf8")] });

    const credential = new ClientCertificateCredential(tenant, clientId, file, options(azure.entra.url));
    const { token } = await credential.getToken(SCOPE);
    expect(await azure.verified(token, ARM)).toMatchObject({ appid: clientId, appidacr: "2" });
  });

  it("signs in where its issuer and name are trusted, if it sends the chain, and only then", async () => {
    await using azure = await vendorAzure();
    await using file = await fileOf(leaf + issuer + key);
    const trusting = (name: string) =>
      azure.world.createServicePrincipal({ trustedSubjects: [{ authority: issuer, subject: name }] });
    const signIn = ({ tenant, clientId }: ReturnType<typeof trusting>, sendCertificateChain: boolean) => {
      const all = { ...options(azure.entra.url), sendCertificateChain };
      return new ClientCertificateCredential(tenant, clientId, file.path, all).getToken(SCOPE);
    };

    const trustful = trusting("CN=mic leaf");
    const { token } = await signIn(trustful, true);
    expect(await azure.verified(token, ARM)).toMatchObject({ appid: trustful.clientId });
    await expect(signIn(trusting("CN=mic leaf"), false)).rejects.toThrow(/AADSTS700027/);
    await expect(signIn(trusting("CN=somebody else"), true)).rejects.toThrow(/AADSTS700027/);
  });
});

describe("@azure/identity with an assertion", () => {
  it("signs a user-assigned identity in with the token of an issuer that it trusts", async () => {
    await using azure = await vendorAzure();
    const { world } = azure;
    const { clientId, principalId } = world.createIdentity({ resourceGroup: "identities", name: "demo" });
    const trusted = { issuer: "https://issuer.test", subject: "someone", audiences: ["api://AzureADTokenExchange"] };
    world.federation.put(principalId, { name: "trust", ...trusted });
    const other = await SigningKey.generate();
    world.federation.trust(trusted.issuer, [other.jwk]);
    const exp = Math.floor(Date.now() / 1000) + 600;
    const signIn = (sub: string) => {
      const assertion = other.sign({ iss: trusted.issuer, aud: trusted.audiences[0], sub, exp });
      const tell = async () => assertion;
      return new ClientAssertionCredential(world.tenant, clientId, tell, options(azure.entra.url)).getToken(SCOPE);
    };

    const { token } = await signIn("someone");
    expect(await azure.verified(token, ARM)).toMatchObject({ appid: clientId, oid: principalId });
    await expect(signIn("somebody else")).rejects.toThrow(/AADSTS700213/);
  });
});

describe("@azure/identity on a machine", () => {
  it("gets tokens of the machine's identities, by each name that they have, and is refused others", async () => {
    await using azure = await vendorAzure();
    const { world } = azure;
    const demo = world.createIdentity({ resourceGroup: "identities", name: "demo" });
    const other = world.createIdentity({ resourceGroup: "identities", name: "other" });
    const vm = world.createVm({ resourceGroup: "nodes", name: "vm-0", systemAssigned: true, userAssigned: [demo.id] });
    await using imds = await startImds({ world, machine: vm.id });
    vi.stubEnv("AZURE_POD_IDENTITY_AUTHORITY_HOST", imds.url);
    const claims = async (credential: ManagedIdentityCredential) =>
      azure.verified((await credential.getToken(SCOPE)).token, ARM);
    const { clientId, id: resourceId, principalId: objectId } = demo;

    const ofDemo = { appid: clientId, oid: objectId, xms_mirid: resourceId };
    expect(await claims(new ManagedIdentityCredential({ clientId }))).toMatchObject(ofDemo);
    expect(await claims(new ManagedIdentityCredential({ resourceId }))).toMatchObject(ofDemo);
    expect(await claims(new ManagedIdentityCredential({ objectId }))).toMatchObject(ofDemo);
    const own = { oid: vm.identity.systemAssigned?.principalId, xms_mirid: vm.id };
    expect(await claims(new ManagedIdentityCredential())).toMatchObject(own);
    const refused = claims(new ManagedIdentityCredential({ clientId: other.clientId }));
    await expect(refused).rejects.toThrow(/Identity not found/);
  });
});

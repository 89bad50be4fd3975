import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { startImds } from "../../src/sandbox/azure/imds.ts";
import { authority, fileOf, trustAuthority, vendorAzure } from "../support/azure/vendor-azure.ts";
import { askForToken, clientMissing, type Told } from "./sdk-client.ts";

/** `azure-identity` of Python and `azidentity` of Go as they are, against the emulators of Entra ID and IMDS. */

const VAULT = "https://vault.azure.net";
const FILES = join(import.meta.dirname, "../support/certificates");
const pem = (name: string) => readFileSync(join(FILES, name), "utf8");
/** The authority's certificate, its key, and a certificate that it issued with its key, each with the line that ends it. */
const [issuer = "", key = "", leaf = ""] = pem("chain.pem").split(/(?<=-----END [A-Z ]+-----\n)/);

type Azure = Awaited<ReturnType<typeof vendorAzure>>;
type Language = "go" | "python";

/** What a client says that signs in by its variables, with what it sends in proof. */
async function signIn({ entra, world }: Azure, language: Language, clientId: string, proof: Record<string, string>) {
  await using ca = await fileOf(authority.caPem);
  const trust = { REQUESTS_CA_BUNDLE: ca.path, SSL_CERT_FILE: ca.path };
  const who = { AZURE_AUTHORITY_HOST: entra.url, AZURE_TENANT_ID: world.tenant, AZURE_CLIENT_ID: clientId };
  const variables = { ...trust, ...who, ...proof, TELL_TOKEN: "1" };
  return await askForToken({ language, credential: "environment" }, { variables });
}

/** @throws Error with what an application would see */
function tokenOf({ jwt, error, message }: Told): string {
  if (jwt === undefined) throw new Error(`${error}: ${message}`);
  return jwt;
}

beforeAll(trustAuthority);

for (const language of ["go", "python"] as const) {
  const missing = clientMissing({ language, credential: "environment" });
  const reason = missing === undefined ? "" : ` (skipped: ${missing})`;

  describe.skipIf(missing !== undefined)(`the SDK of ${language} at Entra ID${reason}`, { concurrent: true }, () => {
    it("signs in with a secret, and the published keys verify the token", async () => {
      await using azure = await vendorAzure();
      const { clientId, secret, principalId } = azure.world.createServicePrincipal();
      const told = await signIn(azure, language, clientId, { AZURE_CLIENT_SECRET: secret });
      expect(await azure.verified(tokenOf(told), VAULT)).toMatchObject({
        appid: clientId,
        oid: principalId,
        appidacr: "1",
      });
    });

    it("is told a wrong secret by Entra's own number", async () => {
      await using azure = await vendorAzure();
      const { clientId } = azure.world.createServicePrincipal();
      const told = await signIn(azure, language, clientId, { AZURE_CLIENT_SECRET: "wrong" });
      expect(told).toMatchObject({ ok: false, message: expect.stringContaining("AADSTS7000215") });
    });

    it("signs in with a certificate that is registered", async () => {
      await using azure = await vendorAzure();
      const { clientId } = azure.world.createServicePrincipal({ certificates: [pem("rsa.pem")] });
      const proof = { AZURE_CLIENT_CERTIFICATE_PATH: join(FILES, "rsa.pem") };
      const told = await signIn(azure, language, clientId, proof);
      expect(await azure.verified(tokenOf(told), VAULT)).toMatchObject({ appid: clientId, appidacr: "2" });
    });

    it("signs in by name and issuer, with the chain", async () => {
      await using azure = await vendorAzure();
      const trustedSubjects = [{ authority: issuer, subject: "CN=mic leaf" }];
      const { clientId } = azure.world.createServicePrincipal({ trustedSubjects });
      await using file = await fileOf(leaf + issuer + key);
      const proof = { AZURE_CLIENT_CERTIFICATE_PATH: file.path, AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: "true" };
      const told = await signIn(azure, language, clientId, proof);
      expect(await azure.verified(tokenOf(told), VAULT)).toMatchObject({ appid: clientId });
    });
  });
}

const noPython = clientMissing({ language: "python", credential: "managed" });

it.skipIf(noPython !== undefined)(
  `the SDK of python gets a machine's token${noPython === undefined ? "" : ` (skipped: ${noPython})`}`,
  async () => {
    await using azure = await vendorAzure();
    const { world } = azure;
    const { id, clientId } = world.createIdentity({ resourceGroup: "identities", name: "demo" });
    const vm = world.createVm({ resourceGroup: "nodes", name: "vm-0", userAssigned: [id] });
    await using imds = await startImds({ world, machine: vm.id });
    const variables = { AZURE_POD_IDENTITY_AUTHORITY_HOST: imds.url, TELL_TOKEN: "1" };
    const told = await askForToken({ language: "python", credential: "managed" }, { clientId, variables });
    expect(await azure.verified(tokenOf(told), VAULT)).toMatchObject({ appid: clientId, xms_mirid: id });
  },
);

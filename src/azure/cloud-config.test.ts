import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadCloudConfig } from "./cloud-config.ts";
import { signInSummary } from "./credentials.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloud-config-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(text: string): Promise<string> {
  const path = join(folder, `${crypto.randomUUID()}.json`);
  await writeFile(path, text);
  return path;
}

const certificates = join(import.meta.dirname, "../../test/support/certificates");
const place = { cloud: "AzurePublicCloud", subscriptionId: "sub", resourceGroup: "rg" };
const secret = { ...place, tenantId: "tenant", aadClientId: "0123-client-89ab", aadClientSecret: "hush" };

describe("loadCloudConfig", () => {
  it("reads azure.json with a service principal, and keeps its secret secret", async () => {
    const config = await loadCloudConfig(await file(JSON.stringify({ ...secret, location: "eu", vmType: null })), {});
    expect(config).toMatchObject({
      ...place,
      tenantId: "tenant",
      signIn: { kind: "secret", clientId: "0123-client-89ab" },
    });
    expect(config.signIn.kind === "secret" && config.signIn.secret.reveal()).toBe("hush");
    expect(JSON.stringify(config)).not.toContain("hush");
    expect(signInSummary(config)).not.toContain("0123-client-89ab");
  });

  it.each(["aadClientId", "aadClientID", "AADClientID"])("takes the client ID spelled %s", async (key) => {
    const { aadClientId, ...rest } = secret;
    const config = await loadCloudConfig(await file(JSON.stringify({ ...rest, [key]: aadClientId })), {});
    expect(config.signIn.clientId).toBe("0123-client-89ab");
  });

  it("takes every key in any case, the exact spelling first unless it is empty", async () => {
    const odd = Object.fromEntries(Object.entries(secret).map(([key, value]) => [key.toUpperCase(), value]));
    expect(await loadCloudConfig(await file(JSON.stringify(odd)), {})).toMatchObject({ ...place, tenantId: "tenant" });
    const both = { ...secret, tenantID: "other", aadClientId: null, aadClientID: "0123-client-89ab" };
    expect(await loadCloudConfig(await file(JSON.stringify(both)), {})).toMatchObject({
      tenantId: "tenant",
      signIn: { clientId: "0123-client-89ab" },
    });
  });

  it.each([
    { form: "JSON", text: JSON.stringify(secret).replace("}", ',"aadClientSecret":"second","extra":1,"extra":2}') },
    {
      form: "YAML",
      text: `${Object.entries(secret)
        .map(([key, value]) => `${key}: ${value}`)
        .join("\n")}\naadClientSecret: second\n`,
    },
  ])("takes the last of a key that is there twice, as the original did, $form", async ({ text }) => {
    const { signIn } = await loadCloudConfig(await file(text), {});
    expect(signIn.kind === "secret" && signIn.secret.reveal()).toBe("second");
  });

  it("keeps every digit of a secret that looks like a number", async () => {
    const text = "cloud: AzureCloud\nsubscriptionId: s\nresourceGroup: g\ntenantId: t\naadClientId: c\n";
    const { signIn } = await loadCloudConfig(await file(`\uFEFF${text}aadClientSecret: 012345678901234567890e1\n`), {});
    expect(signIn.kind === "secret" && signIn.secret.reveal()).toBe("012345678901234567890e1");
  });

  it("reads YAML, and a number where a text is meant", async () => {
    const yaml = "cloud: AzureChinaCloud\nsubscriptionId: 42\nresourceGroup: rg\nuseManagedIdentityExtension: true\n";
    expect(await loadCloudConfig(await file(yaml), {})).toMatchObject({
      cloud: "AzureChinaCloud",
      subscriptionId: "42",
    });
  });

  it.each([
    { given: { userAssignedIdentityID: "0123-mine-89ab" }, says: "MIC using user assigned identity: 0123#" },
    { given: {}, says: "MIC using system assigned identity for authentication." },
  ])("signs in with a managed identity: $says", async ({ given, says }) => {
    // AKS writes "msi" into the keys of the service principal that is not there.
    const aks = { ...place, ...given, useManagedIdentityExtension: "True", aadClientId: "msi", aadClientSecret: "msi" };
    const config = await loadCloudConfig(await file(JSON.stringify(aks)), {});
    expect(config.signIn.kind).toBe("managed-identity");
    expect(signInSummary(config)).toContain(says);
  });

  it.each([
    {
      when: "keys are missing",
      text: JSON.stringify({ cloud: "", tenantId: "t" }),
      problem:
        /\.json cannot be used: cloud, subscriptionId, resourceGroup, aadClientId, aadClientSecret missing or empty$/,
    },
    {
      when: "many things are wrong at once",
      text: JSON.stringify({
        cloud: "Azurre",
        tenantId: "a/tenant",
        AADClientId: "x",
        aadClientID: "y",
        useManagedIdentityExtension: "perhaps",
        aadClientCertPath: "/nowhere/mic.pem",
      }),
      problem:
        /: AADClientId and aadClientID differ: keep one of them; useManagedIdentityExtension must be true or false; subscriptionId, resourceGroup missing or empty; There is no cloud environment matching the name "Azurre": .*; tenantId is neither a tenant's ID nor its domain name; cannot read \/nowhere\/mic\.pem \(ENOENT\): correct aadClientCertPath or the file's permissions$/,
    },
    {
      when: "values are of the wrong type",
      text: '{"cloud":{},"tenantId":[]}',
      problem:
        /cloud must be a text; tenantId must be a text; subscriptionId, resourceGroup, aadClientId, aadClientSecret missing or empty$/,
    },
    { when: "it is a list", text: "[]", problem: /cannot be used: / },
    { when: "it is empty", text: "", problem: /cannot be used: it must be an object$/ },
  ])("lists every problem when $when", async ({ text, problem }) => {
    const reading = loadCloudConfig(await file(text), {});
    await expect(reading).rejects.toMatchObject({
      code: "CLOUD_CONFIG_INVALID",
      message: expect.stringMatching(problem),
    });
  });

  it("says that a file is no YAML without quoting the secret in it", async () => {
    const reading = loadCloudConfig(await file('{\n"aadClientSecret": "hush", ]'), {});
    await expect(reading).rejects.toThrow(/neither JSON nor YAML, see line 2$/);
    await expect(reading).rejects.not.toThrow(/hush/);
  });

  it("never quotes the secret, wherever the file is damaged", async () => {
    const lines = Object.entries(secret).map(([key, value]) => `${key}: ${value}`);
    const good = [JSON.stringify(secret), lines.toReversed().join("\n"), lines.join("\n")];
    const damage = fc.record({ at: fc.nat(200), by: fc.constantFrom("", " ", "\n", "\n ", '"', ":", "{", "&") });
    const damaged = (text: string, { at, by }: { at: number; by: string }) =>
      text.slice(0, at) + by + text.slice(at + 1);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...good),
        fc.array(damage, { minLength: 1, maxLength: 3 }),
        async (text, all) => {
          const read = async () => Buffer.from(all.reduce(damaged, text));
          const told = await loadCloudConfig("azure.json", {}, { read }).then(
            signInSummary,
            (reason: Error) => reason.message,
          );
          expect(told).not.toMatch(/hush/);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("refuses values of several words, which a broken line makes, and quotes none of them", async () => {
    const text =
      "cloud: AzureCloud\n  aadClientSecret hush\nsubscriptionId: s t\nresourceGroup: g\ntenantId: t\naadClientId: c\n";
    await expect(loadCloudConfig(await file(text), {})).rejects.toThrow(
      /cannot be used: cloud, subscriptionId must be one word; aadClientSecret missing or empty$/,
    );
  });

  it("lets no parser warn on its own, since warnings quote the file", async () => {
    const warnings: Error[] = [];
    const hear = (warning: Error) => warnings.push(warning);
    process.on("warning", hear);
    await loadCloudConfig(await file(`{"aadClientSecret": !odd "hush"}`), {}).catch(() => {});
    await new Promise(setImmediate);
    process.off("warning", hear);
    expect(warnings).toEqual([]);
  });

  it("reads a certificate, and keeps its key and password secret", async () => {
    const { aadClientSecret: _, ...rest } = secret;
    const given = { ...rest, aadClientCertPath: join(certificates, "rsa.pfx"), aadClientCertPassword: "hush-p" };
    const config = await loadCloudConfig(await file(JSON.stringify(given)), {});
    expect(config.signIn).toMatchObject({
      kind: "certificate",
      clientId: "0123-client-89ab",
      certificate: { thumbprint: "6222BF748AD343B5370AF8E07268DFBDFE5CB0B6", keyType: "rsa" },
    });
    expect(inspect(config, { depth: 9 })).not.toMatch(/hush|PRIVATE/);
    expect(signInSummary(config)).toBe(
      "MIC using service principal: 0123##### REDACTED #####89ab for authentication, with certificate 6222BF748AD343B5370AF8E07268DFBDFE5CB0B6 valid until 2126-10-29.",
    );
  });

  it("prefers a secret to a certificate, and a managed identity to both", async () => {
    const all = { ...secret, aadClientCertPath: "/nowhere" };
    expect((await loadCloudConfig(await file(JSON.stringify(all)), {})).signIn.kind).toBe("secret");
    const managed = { ...all, useManagedIdentityExtension: "yes" };
    expect((await loadCloudConfig(await file(JSON.stringify(managed)), {})).signIn.kind).toBe("managed-identity");
  });

  it("says when the certificate has expired", async () => {
    const env = {
      CLOUD: "AzureCloud",
      SUBSCRIPTION_ID: "s",
      RESOURCE_GROUP: "g",
      TENANT_ID: "t",
      CLIENT_ID: "c",
      CLIENT_CERT_PATH: join(certificates, "ec.pem"),
    };
    expect((await loadCloudConfig("", env)).signIn).toMatchObject({ kind: "certificate" });
    await expect(loadCloudConfig("", env, { now: () => Date.UTC(2127, 0, 1) })).rejects.toThrow(
      /the certificate in .*ec\.pem expired on 2126-10-29: put a valid one there and register it with the application$/,
    );
  });

  it("names a file that is not there, and the flag", async () => {
    const reading = loadCloudConfig(join(folder, "none.json"), {});
    await expect(reading).rejects.toMatchObject({
      code: "FILE_UNREADABLE",
      message: expect.stringMatching(/none\.json \(ENOENT\): correct --cloudconfig/),
    });
  });

  it("takes the environment when no file is named, and only then", async () => {
    const env = {
      CLOUD: "AzureCloud",
      SUBSCRIPTION_ID: "s",
      RESOURCE_GROUP: "g",
      TENANT_ID: "t",
      CLIENT_ID: "c",
      CLIENT_SECRET: "x",
    };
    expect(await loadCloudConfig("", env)).toMatchObject({
      cloud: "AzureCloud",
      subscriptionId: "s",
      signIn: { kind: "secret" },
    });
    expect(await loadCloudConfig("", { ...env, USE_MSI: "TRUE", USER_ASSIGNED_MSI_CLIENT_ID: "u" })).toMatchObject({
      signIn: { kind: "managed-identity", clientId: "u" },
    });
    expect(await loadCloudConfig(await file(JSON.stringify(secret)), env)).toMatchObject({ subscriptionId: "sub" });
    await expect(loadCloudConfig("", { CLOUD: "AzureCloud" })).rejects.toThrow(
      /SUBSCRIPTION_ID, RESOURCE_GROUP, TENANT_ID, CLIENT_ID, CLIENT_SECRET missing/,
    );
  });
});

import { createPublicKey, verify, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readSecret } from "../api/secret.ts";
import { certificateProver, secretProver } from "./principal-proof.ts";

const folder = join(import.meta.dirname, "../../test/support/certificates");
const file = (name: string) => readFileSync(join(folder, name));
const endpoint = new URL("https://login.microsoftonline.com/t/oauth2/token?api-version=1.0");
const nowMs = Date.UTC(2026, 10, 22);

function secret(data: Readonly<Record<string, string | Buffer>>) {
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
  return readSecret({ metadata: { name: "sp", namespace: "default" }, data: Object.fromEntries(encoded) });
}

describe("a client secret", () => {
  it.each([
    { when: "by its name", data: { clientSecret: "hush", other: "x" } },
    { when: "as the only one", data: { "key-1": "hush" } },
  ])("is found $when", async ({ data }) => {
    const prove = await secretProver(secret(data), nowMs);
    expect(prove("c", endpoint, nowMs)).toEqual({ fields: { client_secret: "hush" }, confidential: ["hush"] });
  });

  it.each([
    { data: {}, says: "Secret default/sp holds nothing: put the client secret under the key clientSecret" },
    {
      data: { a: "hush", b: "hush" },
      says: "Secret default/sp has several keys and none of the name: put the client secret under the key clientSecret",
    },
    { data: { clientSecret: "" }, says: "Secret default/sp has an empty clientSecret: put the client secret there" },
  ])("is missing: $says", async ({ data, says }) => {
    await expect(secretProver(secret(data), nowMs)).rejects.toMatchObject({ code: "SECRET_INVALID", message: says });
  });
});

describe("a certificate", () => {
  it.each([
    { name: "rsa.pem", alg: "RS256" },
    { name: "ec.pem", alg: "ES256" },
  ])("signs an assertion for the endpoint: $name", async ({ name, alg }) => {
    const prove = await certificateProver(secret({ certificate: file(name) }), nowMs);
    const { fields, confidential } = prove("client", endpoint, nowMs);
    expect(fields.client_assertion_type).toBe("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    const [header = "", claims = "", signature = ""] = (fields.client_assertion ?? "").split(".");
    const json = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
    const certificate = new X509Certificate(Buffer.from(json(header).x5c[0], "base64"));
    expect(json(header)).toMatchObject({
      alg,
      x5t: Buffer.from(certificate.fingerprint.replaceAll(":", ""), "hex").toString("base64url"),
    });
    expect(json(claims)).toMatchObject({
      aud: "https://login.microsoftonline.com/t/oauth2/token",
      iss: "client",
      sub: "client",
      nbf: nowMs / 1000,
      exp: nowMs / 1000 + 600,
    });
    const key = {
      key: createPublicKey(certificate.publicKey.export({ type: "spki", format: "pem" })),
      dsaEncoding: "ieee-p1363",
    } as const;
    expect(verify("sha256", Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, "base64url"))).toBe(true);
    expect(confidential).toEqual([fields.client_assertion]);
  });

  it.each([
    { data: {}, says: /^Secret default\/sp has no key certificate: / },
    {
      data: { certificate: "hush" },
      says: /^Secret default\/sp holds no certificate in PEM or PFX form: correct its key certificate$/,
    },
    { data: { certificate: file("rsa.pfx") }, says: /^Secret default\/sp needs a password: set its key password$/ },
    {
      data: { certificate: file("rsa.pfx"), password: "hush-q" },
      says: /^Secret default\/sp has another password: correct its key password$/,
    },
  ])("is refused: $says", async ({ data, says }) => {
    const reading = certificateProver(secret(data), nowMs);
    await expect(reading).rejects.toMatchObject({ code: "SECRET_INVALID", message: expect.stringMatching(says) });
    await expect(reading).rejects.not.toThrow(/hush/);
  });

  it("that has expired is refused before Entra ID is asked", async () => {
    const reading = certificateProver(secret({ certificate: file("rsa.pem") }), Date.UTC(2127, 0, 1));
    await expect(reading).rejects.toThrow(/^the certificate in Secret default\/sp expired on 2126-10-29: /);
  });
});

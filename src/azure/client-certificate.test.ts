import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { readClientCertificate } from "./client-certificate.ts";

const folder = join(import.meta.dirname, "../../test/support/certificates");
const settings = { file: "aadClientCertPath", password: "aadClientCertPassword" };
const content = (name: string) => readFile(join(folder, name));

async function read(name: string, password = "") {
  return readClientCertificate(`/etc/${name}`, await content(name), password, settings);
}

/** Thumbprints as openssl tells them. */
const rsa = "6222BF748AD343B5370AF8E07268DFBDFE5CB0B6";
const ec = "9E94D6989AA57C097CACDCB6542C58155A17BC0D";
/** A password of letters of one to four bytes in UTF-8, the last one of two halves in UTF-16. */
const beyondAscii = "hush-ü€𝄞";
const misread = Buffer.from(beyondAscii).toString("latin1");
const slow = "takes too long to unlock: protect it with at most 200000 iterations";
const leaf = "15FB10EB0C99C6ECCBBBE527D9D07164A43BEDA7";

describe("readClientCertificate", () => {
  it.each([
    { name: "rsa.pem", thumbprint: rsa },
    { name: "rsa.pem", password: "hush-p", thumbprint: rsa },
    { name: "rsa-encrypted.pem", password: "hush-p", thumbprint: rsa },
    { name: "rsa-traditional.pem", password: "hush-p", thumbprint: rsa },
    { name: "ec.pem", thumbprint: ec },
    { name: "chain.pem", thumbprint: leaf },
    { name: "rsa.pfx", password: "hush-p", thumbprint: rsa },
    { name: "rsa-legacy.pfx", password: "hush-p", thumbprint: rsa },
    { name: "rsa-no-password.pfx", thumbprint: rsa },
    { name: "rsa-empty-password.pfx", thumbprint: rsa },
    { name: "ec.pfx", password: "hush-p", thumbprint: ec },
    { name: "chain.pfx", password: "hush-p", thumbprint: leaf },
    { name: "rsa-beyond-ascii.pfx", password: beyondAscii, thumbprint: rsa },
    { name: "rsa-beyond-ascii-legacy.pfx", password: beyondAscii, thumbprint: rsa },
  ])("reads $name, password $password", async ({ name, password, thumbprint }) => {
    const certificate = await read(name, password);

    expect(certificate).toMatchObject({ file: `/etc/${name}`, thumbprint, keyType: thumbprint === ec ? "ec" : "rsa" });
    expect(new Date(certificate.expiresAt).toISOString()).toMatch(/^2126-10-29T06:02:4/);
    const pem = certificate.pem.reveal();
    expect(new X509Certificate(pem).checkPrivateKey(createPrivateKey(pem))).toBe(true);
    expect(inspect(certificate) + JSON.stringify(certificate)).not.toMatch(/BEGIN|hush/);
  });

  it.each([
    { name: "rsa.pfx", password: "hush-q", says: "has another password: correct aadClientCertPassword" },
    { name: "rsa.pfx", says: "needs a password: set aadClientCertPassword" },
    { name: "rsa-beyond-ascii.pfx", password: misread, says: "has another password: correct aadClientCertPassword" },
    { name: "rsa-encrypted.pem", password: "hush-q", says: "has another password: correct aadClientCertPassword" },
    { name: "rsa-encrypted.pem", says: "needs a password: set aadClientCertPassword" },
    { name: "keyless.pfx", password: "hush-p", says: "holds no private key: put the certificate's own into it" },
    { name: "rsa-slow.pfx", password: "hush-p", says: slow },
    { name: "rsa-slow-no-mac.pfx", password: "hush-p", says: slow },
    { name: "rsa-slow.pem", password: "hush-p", says: slow },
  ])("says that $name $says", async ({ name, password, says }) => {
    const reading = read(name, password);
    await expect(reading).rejects.toMatchObject({ code: "FILE_INVALID", message: `/etc/${name} ${says}` });
  });

  it.each([
    { when: "empty", make: () => Buffer.from("") },
    { when: "text", make: () => Buffer.from("hush-p") },
    { when: "a key alone", make: async () => (await content("ec.pem")).subarray(0, 200) },
    { when: "a PEM file cut short", make: async () => (await content("ec.pem")).subarray(0, -100) },
    { when: "a PFX file cut short", make: async () => (await content("rsa.pfx")).subarray(0, 900) },
    {
      when: "garbage between the marks",
      make: () => Buffer.from("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----"),
    },
  ])("says of $when that it is no certificate, and quotes nothing", async ({ make }) => {
    const reading = readClientCertificate("/etc/mic.pem", await make(), "hush-p", settings);
    await expect(reading).rejects.toMatchObject({
      code: "FILE_INVALID",
      message: "/etc/mic.pem holds no certificate in PEM or PFX form: correct aadClientCertPath",
    });
  });

  it.each([
    { name: "rsa-encrypted.pem", password: "" },
    { name: "rsa-encrypted.pem", password: "hush-q" },
    { name: "rsa-traditional.pem", password: "" },
    { name: "rsa-traditional.pem", password: "hush-q" },
  ])("says that $name is locked to the password $password, whatever ends its lines", async ({ name, password }) => {
    const text = String(await content(name));
    for (const eol of ["\n", "\r\n"]) {
      const bytes = Buffer.from(text.replaceAll("\n", eol));
      const reading = readClientCertificate("/etc/mic.pem", bytes, password, settings);
      await expect(reading).rejects.toThrow(/^\/etc\/mic\.pem (needs a|has another) password: /);
    }
  });

  it("says that key and certificate are of two pairs", async () => {
    const [one, other] = [await content("ec.pem"), await content("rsa.pem")].map(String);
    const mixed = `${one?.slice(0, one.indexOf("-----BEGIN CERT"))}${other?.slice(0, other.indexOf("-----BEGIN PRIV"))}`;
    await expect(readClientCertificate("/etc/mic.pem", Buffer.from(mixed), "", settings)).rejects.toThrow(
      "/etc/mic.pem holds a private key of another certificate: put both of one pair into it",
    );
  });

  it("tries no more keys than a pair and its chain have", async () => {
    const many = Buffer.concat(new Array<Buffer>(11).fill(await content("rsa.pem")));
    await expect(readClientCertificate("/etc/mic.pem", many, "", settings)).rejects.toThrow(
      "/etc/mic.pem holds too many certificates and keys: leave the ones of one pair in it",
    );
  });
});

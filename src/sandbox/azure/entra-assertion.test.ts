import { constants, createHash, createPrivateKey, sign, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import { checkAssertion, readAssertion } from "./entra-assertion.ts";
import { createWorld } from "./world.ts";

const folder = join(import.meta.dirname, "../../../test/support/certificates");
const pem = (name: string) => readFileSync(join(folder, name), "utf8");
const URL_ASKED = "https://127.0.0.1:1/tenant/oauth2/v2.0/token";
const BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const clock = new FakeClock();
const world = await createWorld({ clock });
const principal = world.createServicePrincipal({ clientId: "client", certificates: [pem("rsa.pem"), pem("ec.pem")] });

type Wishes = {
  readonly file?: string;
  readonly alg?: string;
  readonly hash?: string;
  readonly encoding?: "base64" | "base64url";
  readonly claims?: object;
  readonly forged?: boolean;
};

/** A JWT by hand, as the RFCs tell. */
function jwt({
  file = "rsa.pem",
  alg = "PS256",
  hash = "sha256",
  encoding = "base64url",
  ...rest
}: Wishes = {}): string {
  const { claims, forged = false } = rest;
  const now = clock.now() / 1000;
  const { raw } = new X509Certificate(pem(file));
  const name = hash === "sha256" ? "x5t#S256" : "x5t";
  const header = { alg, [name]: createHash(hash).update(raw).digest(encoding) };
  const all = { iss: "client", sub: "client", aud: URL_ASKED, nbf: now, exp: now + 600, ...claims };
  const content = [header, all].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const key = createPrivateKey(pem(file));
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  const ways = { RS256: { key }, PS256: { key, ...pss }, ES256: { key, dsaEncoding: "ieee-p1363" as const } };
  const signature = sign(
    "sha256",
    Buffer.from(forged ? `${content}x` : content),
    ways[alg as keyof typeof ways] ?? { key },
  );
  return `${content}.${signature.toString("base64url")}`;
}

function check(assertion: string, over: { readonly type?: string | null; readonly now?: number } = {}) {
  const { type = BEARER, now = clock.now() } = over;
  checkAssertion(principal, readAssertion(assertion, type), { url: URL_ASKED, now });
}

describe("checkAssertion", () => {
  it("knows a thumbprint in either alphabet of base64", () => {
    expect(() => check(jwt({ encoding: "base64" }))).not.toThrow(); // as the SDK of Go writes it
  });

  it.each([
    { file: "rsa.pem", alg: "PS256" },
    { file: "rsa.pem", alg: "RS256", hash: "sha1" },
    { file: "ec.pem", alg: "ES256" },
  ])("takes $alg by $file", (wishes) => {
    expect(() => check(jwt(wishes))).not.toThrow();
  });

  it.each([
    { when: "the certificate is another one", wishes: { file: "chain.pem" }, code: "700027", says: /was not found/ },
    { when: "the signature is not its own", wishes: { forged: true }, code: "700027", says: /invalid signature/ },
    { when: "nothing signs it", wishes: { alg: "none" }, code: "700027", says: /invalid signature/ },
    { when: "it is for somebody else", wishes: { claims: { aud: "https://other" } }, code: "700021", says: /audience/ },
    { when: "it is of somebody else", wishes: { claims: { sub: "other" } }, code: "700021", says: /identifier/ },
    { when: "its time is over", wishes: { claims: { exp: clock.now() / 1000 - 301 } }, code: "700024", says: /time/ },
    {
      when: "its time is to come",
      wishes: { claims: { nbf: clock.now() / 1000 + 301 } },
      code: "700024",
      says: /time/,
    },
    { when: "it names no end", wishes: { claims: { exp: undefined } }, code: "700024", says: /time/ },
  ])("refuses it when $when", ({ wishes, code, says }) => {
    expect(() => check(jwt(wishes))).toThrow(expect.objectContaining({ code, message: expect.stringMatching(says) }));
  });

  it("refuses an expired certificate, what is no JWT, and a request that does not say what it sends", () => {
    const later = Date.UTC(2127, 0, 1);
    const times = { nbf: later / 1000, exp: later / 1000 + 600 };
    expect(() => check(jwt({ claims: times }), { now: later })).toThrow(/The key used is expired/);
    expect(() => check("jwt")).toThrow(expect.objectContaining({ code: "50027" }));
    expect(() => check("e30.e30.")).toThrow(expect.objectContaining({ code: "50027" }));
    expect(() => check(jwt(), { type: null })).toThrow(expect.objectContaining({ code: "900144" }));
  });
});

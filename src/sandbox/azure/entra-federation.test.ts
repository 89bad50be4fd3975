import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import { listen } from "../../base/listener.ts";
import { startEntra } from "./entra.ts";
import { SigningKey } from "./signing-key.ts";
import { createWorld } from "./world.ts";

const key = await SigningKey.generate();
const issuerKey = await SigningKey.generate();
const ISSUER = "https://oidc.test/cluster/";
const BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const credential = {
  name: "web",
  issuer: ISSUER,
  subject: "system:serviceaccount:shop:web",
  audiences: ["api://AzureADTokenExchange"],
};

/** Entra ID with an identity that trusts the service account `web` of a cluster. */
async function start(issuer = ISSUER) {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const world = await createWorld({ clock, key });
  const identity = world.createIdentity({ resourceGroup: "identities", name: "demo" });
  world.federation.put(identity.principalId, { ...credential, issuer });
  const entra = await startEntra({ world });
  const now = clock.now() / 1000;
  const claims = { iss: issuer, sub: credential.subject, aud: credential.audiences, iat: now, exp: now + 3600 };
  const signIn = async (assertion: string) => {
    const form = {
      grant_type: "client_credentials",
      client_id: identity.clientId,
      scope: "https://vault.azure.net/.default",
      client_assertion_type: BEARER,
      client_assertion: assertion,
    };
    const url = `${entra.url}/${world.tenant}/oauth2/v2.0/token`;
    const response = await fetch(url, { method: "POST", body: new URLSearchParams(form) });
    return { status: response.status, json: (await response.json()) as Record<string, unknown> };
  };
  return { world, identity, claims, now, signIn, [Symbol.asyncDispose]: () => entra[Symbol.asyncDispose]() };
}

describe("a federated assertion", () => {
  it("gets a token of the identity that trusts its issuer, subject and audience", async () => {
    await using entra = await start();
    entra.world.federation.trust(ISSUER, [issuerKey.jwk]);
    const { status, json } = await entra.signIn(issuerKey.sign(entra.claims));
    expect(status).toBe(200);
    const { clientId, principalId } = entra.identity;
    expect(key.verified(String(json.access_token))).toMatchObject({ appid: clientId, oid: principalId });
  });

  it.each([
    { when: "from another issuer", claims: { iss: "https://oidc.test/cluster" }, status: 401, number: 700211 },
    { when: "about another subject", claims: { sub: "system:serviceaccount:shop:WEB" }, status: 401, number: 700213 },
    { when: "for another audience", claims: { aud: "https://other" }, status: 401, number: 700212 },
    { when: "that is over", claims: { exp: Date.UTC(2025, 0, 1) / 1000 }, status: 401, number: 700024 },
    { when: "that names nobody", claims: { iss: undefined, sub: undefined }, status: 401, number: 700211 },
  ])("is refused $when", async ({ claims, status, number }) => {
    await using entra = await start();
    entra.world.federation.trust(ISSUER, [issuerKey.jwk]);
    const answer = await entra.signIn(issuerKey.sign({ ...entra.claims, ...claims }));
    expect(answer).toMatchObject({ status, json: { error: "invalid_client", error_codes: [number] } });
  });

  it("is refused when somebody else signed it", async () => {
    await using entra = await start();
    entra.world.federation.trust(ISSUER, [issuerKey.jwk]);
    const { json } = await entra.signIn(key.sign(entra.claims));
    expect(json.error_codes).toEqual([700027]);
  });

  it("is refused once the credential is deleted", async () => {
    await using entra = await start();
    entra.world.federation.trust(ISSUER, [issuerKey.jwk]);
    expect(entra.world.federation.delete(entra.identity.principalId, "WEB")).toBe(true);
    expect((await entra.signIn(issuerKey.sign(entra.claims))).json.error_codes).toEqual([700211]);
  });

  it.each(["e30.bnVsbA.x", "bnVsbA.e30.x", "MQ.MQ.x"])("is refused as %s, which holds no claims", async (text) => {
    await using entra = await start();
    expect((await entra.signIn(text)).json.error_codes).toEqual([50027]);
  });
});

it("finds the keys of an issuer by discovery, and says when it cannot", async () => {
  const documents: Record<string, unknown> = {};
  await using issuer = await listen(
    (request, response) => {
      const document = documents[request.url ?? ""];
      response.writeHead(document === undefined ? 404 : 200).end(JSON.stringify(document ?? {}));
    },
    { host: "127.0.0.1", port: 0, flag: "port" },
  );
  const url = `http://127.0.0.1:${issuer.port}`;
  await using entra = await start(url);
  const assertion = issuerKey.sign(entra.claims);

  expect((await entra.signIn(assertion)).json.error_codes).toEqual([50166]);
  documents["/.well-known/openid-configuration"] = { issuer: url, jwks_uri: `${url}/keys` };
  documents["/keys"] = { keys: [key.jwk, issuerKey.jwk] };
  expect((await entra.signIn(assertion)).status).toBe(200);
});

import { accessToken, type Grant } from "./access-token.ts";
import { type Assertion, checkAssertion, readAssertion } from "./entra-assertion.ts";
import { checkFederated } from "./entra-federation.ts";
import { Refusal } from "./refusal.ts";
import type { Answer, Asked } from "./server.ts";
import type { Application } from "./service-principals.ts";
import type { World } from "./world.ts";

/** The two generations of the token endpoint: the older one names a resource, the newer one a scope. */
export type Endpoint = "v1" | "v2.0";

const SERVICE_PRINCIPAL_SECONDS = 3599;

/**
 * Answers a token request of a service principal with a secret or a signed assertion (grant type `client_credentials`).
 * @throws Refusal whose code is the number of an AADSTS error
 */
export async function tokenAnswer(world: World, endpoint: Endpoint, tenant: string, asked: Asked): Promise<Answer> {
  const { body, origin, path, headers } = asked;
  const form = withBasic(new URLSearchParams(body), headers.authorization);
  if (/^(common|organizations|consumers)$/i.test(tenant)) {
    const message =
      "No tenant-identifying information found in either the request or implied by any provided credentials.";
    throw new Refusal(400, "50059", message);
  }
  checkTenant(world, tenant);
  const grantType = required(form, "grant_type");
  if (grantType !== "client_credentials") {
    throw new Refusal(400, "70003", `The app requested an unsupported grant type '${grantType}'.`);
  }
  const principal = await authenticated(world, tenant, form, `${origin}${path}`);
  const audience = endpoint === "v1" ? required(form, "resource") : audienceOf(required(form, "scope"));
  const lifetimeSeconds = world.tokenSeconds ?? SERVICE_PRINCIPAL_SECONDS;
  const proof = form.has("client_assertion") ? "assertion" : "secret";
  const forWhat = { audience, ...version2(world, tenant, audience, origin) };
  const { token, notBefore, expiresOn } = accessToken(world, {
    ...principal,
    ...forWhat,
    tenant,
    proof,
    lifetimeSeconds,
  });
  if (endpoint === "v2.0") {
    const times = { expires_in: lifetimeSeconds, ext_expires_in: lifetimeSeconds };
    return { status: 200, json: { token_type: "Bearer", ...times, access_token: token } };
  }
  return {
    status: 200,
    json: {
      token_type: "Bearer",
      expires_in: String(lifetimeSeconds),
      ext_expires_in: String(lifetimeSeconds),
      expires_on: String(expiresOn),
      not_before: String(notBefore),
      resource: audience,
      access_token: token,
    },
  };
}

/** The issuer is that of the newer discovery document. */
function version2(world: World, tenant: string, audience: string, origin: string): Pick<Grant, "version2"> {
  const resource = world.resource(tenant, audience);
  if (resource?.accessTokenVersion !== 2) return {};
  return { version2: { issuer: `${origin}/${tenant}/v2.0`, audience: resource.clientId } };
}

/** @throws Refusal 90002 */
export function checkTenant(world: World, tenant: string): void {
  if (world.hasTenant(tenant)) return;
  const message = `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`;
  throw new Refusal(400, "90002", message);
}

/** Client ID and secret may also be in a header, as of HTTP Basic. */
function withBasic(form: URLSearchParams, authorization = ""): URLSearchParams {
  const [, encoded] = /^basic (.+)$/i.exec(authorization) ?? [];
  if (encoded === undefined) return form;
  const [id = "", secret = ""] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  const plain = (text: string) => new URLSearchParams(`v=${text}`).get("v") ?? "";
  if (!form.has("client_id")) form.set("client_id", plain(id));
  form.set("client_secret", plain(secret));
  return form;
}

async function authenticated(world: World, tenant: string, form: URLSearchParams, url: string): Promise<Application> {
  const clientId = required(form, "client_id");
  const application = world.application(tenant, clientId);
  if (application === undefined) {
    const message = `Application with identifier '${clientId}' was not found in the directory '${tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`;
    throw new Refusal(400, "700016", message);
  }
  const assertion = form.get("client_assertion");
  if (assertion === null) checkSecret(application, form);
  else await checkSigned(world, application, readAssertion(assertion, form.get("client_assertion_type")), url);
  return application;
}

/** An assertion that the application issues itself is signed by its certificate; any other by somebody it trusts. */
async function checkSigned(world: World, application: Application, assertion: Assertion, url: string): Promise<void> {
  const now = world.clock.now();
  const isOwn = assertion.claims.iss === application.clientId;
  if (isOwn) return checkAssertion(application, assertion, { url, now });
  await checkFederated(world.federation, application.principalId, assertion, now);
}

function checkSecret({ clientId, secret }: Application, form: URLSearchParams): void {
  const given = form.get("client_secret");
  if (given === null || given === "") {
    const message = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
    throw new Refusal(401, "7000218", message);
  }
  if (secret !== undefined && given === secret) return;
  const message = `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${clientId}'.`;
  throw new Refusal(401, "7000215", message);
}

/** What some SDKs ask for beside the resource, which means nothing without a user. */
const OF_USERS: readonly string[] = ["openid", "profile", "offline_access", "email"];

/** `https://vault.azure.net/.default` asks for the resource `https://vault.azure.net`. */
function audienceOf(scope: string): string {
  const suffix = "/.default";
  const [wanted, ...others] = scope.split(" ").filter((one) => one !== "" && !OF_USERS.includes(one));
  if (wanted?.endsWith(suffix) && others.length === 0) return wanted.slice(0, -suffix.length);
  const message = `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`;
  throw new Refusal(400, "1002012", message);
}

function required(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (value !== null && value !== "") return value;
  throw new Refusal(400, "900144", `The request body must contain the following parameter: '${name}'.`);
}

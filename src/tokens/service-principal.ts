import type { Identity } from "../api/identity.ts";
import { objectKey } from "../api/meta.ts";
import { type KubeSecret, secretVersion } from "../api/secret.ts";
import type { Token } from "../api/token-answer.ts";
import { type Clock, realClock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Backend, TokenRequest } from "./backend.ts";
import { entraFault, readEntraToken } from "./entra-answer.ts";
import type { EntraClient } from "./entra-client.ts";
import { PATIENCE_MS, patiently, tryLimitMs } from "./patience.ts";
import type { Prover, ReadProver } from "./principal-proof.ts";
import { rememberRecent } from "./recent-provers.ts";
import { tokenEndpoint } from "./token-endpoint.ts";

type SecretRef = { readonly namespace: string; readonly name: string };

/** Secrets of Kubernetes as they are now; both reject with the signal's reason when it is aborted. */
type Secrets = {
  /** @throws Fault SECRET_MISSING, or SECRET_UNREADABLE while the API server is away */
  read(ref: SecretRef, signal: AbortSignal): Promise<KubeSecret>;
  /** The version of it; while the API server is away, the last one that was seen. @throws Fault as `read` */
  version(ref: SecretRef, signal: AbortSignal): Promise<string>;
};

export type ServicePrincipalOptions = {
  readonly secrets: Secrets;
  readonly client: Pick<EntraClient, "post">;
  /** How the identities of the type prove themselves. */
  readonly readProver: ReadProver;
  /** URLs of authorities that secrets and assertions may be sent to. */
  readonly authorities: readonly string[];
  /** Whether a Secret of another namespace than the identity's counts. */
  readonly isSecretAnywhere: boolean;
  readonly clock?: Clock;
  /** Told of every call to Entra ID: how long it took, and the fault if it failed. */
  readonly onCall?: (seconds: number, fault: Fault | undefined) => void;
};

const MOST_AUXILIARY = 3;
/** How often a Secret may change while Entra ID is asked. */
const MOST_ATTEMPTS = 3;
const NAME = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/;

/** Tokens of service principals from Entra ID, which rest on a Secret. */
export function servicePrincipalBackend(given: ServicePrincipalOptions): Backend {
  const options = { ...given, readProver: rememberRecent(given.readProver) };
  return {
    identityKey: ({ meta }) => objectKey(meta),
    key: ({ identity, resource }) => `${objectKey(identity.meta)}\n${JSON.stringify(authorityOf(identity, resource))}`,
    version: (request, signal) => options.secrets.version(secretOf(request.identity, options), signal),
    fetch: (request, signal) => fetchTokens(request, options, signal),
  };
}

/** All that a token depends on beside its Secret; whoever changes the identity changes its generation. */
function authorityOf({ meta, tenantId, adEndpoint, auxiliaryTenantIds }: Identity, resource: string): unknown {
  return [meta.uid, meta.generation, adEndpoint, tenantId, auxiliaryTenantIds, resource];
}

/** Which Secret an identity may use. @throws Fault IDENTITY_DENIED or OBJECT_INVALID */
function secretOf({ meta, clientPassword }: Identity, { isSecretAnywhere }: ServicePrincipalOptions): SecretRef {
  const { name, namespace = "" } = clientPassword;
  const ref = { name, namespace: namespace === "" ? meta.namespace : namespace };
  if (!NAME.test(ref.name) || !NAME.test(ref.namespace)) {
    const message = "it names no Secret: write its name and namespace into spec.clientPassword";
    throw new Fault("OBJECT_INVALID", `AzureIdentity ${objectKey(meta)} cannot be used: ${message}`);
  }
  if (ref.namespace === meta.namespace || isSecretAnywhere) return ref;
  const todo = `put the Secret into namespace ${meta.namespace}, or an administrator allows it with --allow-cross-namespace-secrets`;
  const message = `AzureIdentity ${objectKey(meta)} may not use Secret ${objectKey(ref)} of another namespace: ${todo}`;
  throw new Fault("IDENTITY_DENIED", message);
}

/** A Secret that went or changed while Entra ID was asked counts at once: what was got with the one before is not used. */
async function fetchTokens(
  request: TokenRequest,
  options: ServicePrincipalOptions,
  signal: AbortSignal,
): Promise<Token> {
  const { clock = realClock, secrets } = options;
  const ref = secretOf(request.identity, options);
  const asking = {
    request,
    endpoints: endpointsOf(request.identity, options),
    deadline: clock.monotonic() + PATIENCE_MS,
  };
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
    const secret = await secrets.read(ref, signal);
    const prover = await options.readProver(secret, clock.now());
    const token = await tokensOf({ ...asking, prover }, options, signal);
    if ((await secrets.version(ref, signal)) === secretVersion(secret)) return token;
  }
  throw new Fault("SECRET_UNREADABLE", `Secret ${objectKey(ref)} changes all the time`);
}

/** Where to ask, the identity's own tenant first. @throws Fault OBJECT_INVALID or IDENTITY_DENIED */
function endpointsOf(identity: Identity, { authorities }: ServicePrincipalOptions): readonly URL[] {
  const { tenantId, auxiliaryTenantIds, meta } = identity;
  if (auxiliaryTenantIds.length > MOST_AUXILIARY) {
    const message = "must specify one to three auxiliary tenants: shorten spec.auxiliaryTenantIDs";
    throw new Fault("OBJECT_INVALID", `AzureIdentity ${objectKey(meta)} cannot be used: ${message}`);
  }
  return [tenantId, ...auxiliaryTenantIds].map((tenant) => tokenEndpoint(identity, tenant, authorities));
}

type Asking = {
  readonly request: TokenRequest;
  readonly endpoints: readonly URL[];
  readonly prover: Prover;
  readonly deadline: number;
};

async function tokensOf(asking: Asking, options: ServicePrincipalOptions, signal: AbortSignal): Promise<Token> {
  const { clock = realClock } = options;
  const patience = { clock, deadline: asking.deadline, isWorthAnotherTry: isPassing };
  const [first, ...others] = asking.endpoints.map(
    (endpoint) => () => patiently(() => once(endpoint, asking, options, signal), patience, signal),
  );
  if (first === undefined) throw new Error("an identity has a tenant of its own");
  const own = await first();
  if (others.length === 0) return own;
  const auxiliary: Token[] = [];
  for (const ask of others) auxiliary.push(await ask());
  return { ...own, auxiliary };
}

function isPassing({ kind }: Fault): boolean {
  return kind === "upstream" || kind === "throttled";
}

async function once(
  endpoint: URL,
  { request, prover, deadline }: Asking,
  { client, clock = realClock, onCall }: ServicePrincipalOptions,
  signal: AbortSignal,
): Promise<Token> {
  const { resource, identity } = request;
  const start = clock.monotonic();
  const seconds = () => (clock.monotonic() - start) / 1000;
  try {
    const { fields, confidential } = prover(identity.clientId, endpoint, clock.now());
    const form = { client_id: identity.clientId, grant_type: "client_credentials", resource, ...fields };
    const answer = await client.post(endpoint, new URLSearchParams(form), signal, tryLimitMs(deadline, clock));
    if (answer.status !== 200) throw entraFault(answer, confidential);
    const token = readEntraToken(answer.body, { resource, clientId: identity.clientId, nowMs: clock.now() });
    onCall?.(seconds(), undefined);
    return token;
  } catch (reason) {
    if (!signal.aborted) onCall?.(seconds(), Fault.from(reason));
    throw reason;
  }
}

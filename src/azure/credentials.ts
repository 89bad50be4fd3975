import type { AccessToken, TokenCredential } from "@azure/identity";
import { type Clock, realClock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import { redactClientId } from "../base/secret.ts";
import { SingleFlight } from "../base/single-flight.ts";
import { clientAssertion } from "./client-assertion.ts";
import { type CloudConfig, expiredSentence, settingName } from "./cloud-config.ts";
import type { Cloud } from "./clouds.ts";
import { managedIdentity } from "./managed-identity.ts";
import { signInFault, signInSilence } from "./sign-in-fault.ts";
import { SignInWitness } from "./sign-in-witness.ts";

export type CredentialOptions = {
  /** A certificate authority beside the system's, as PEM. */
  readonly ca?: string | undefined;
  /** The address of IMDS, for those who do not run in Azure. */
  readonly imds?: string | undefined;
  readonly clock?: Clock;
  /** How long one attempt to sign in may take, the SDK's own attempts together. */
  readonly longestMs?: number;
};

const LONGEST_SIGN_IN_MS = 30_000;
/** When to try again is the caller's business; one lost packet is not worth telling. */
const RETRIES = 1;

/**
 * The credential that MIC signs in to Azure with; no token is fetched before the first call to Azure. What goes wrong
 * comes as a Fault ARM_CREDENTIAL, ENTRA_UNREACHABLE or IMDS_UNREACHABLE that says what to do, within a bounded time,
 * and is not kept: the next call asks again.
 */
export async function createCredential(
  config: CloudConfig,
  cloud: Cloud,
  { ca, imds, clock = realClock, longestMs = LONGEST_SIGN_IN_MS }: CredentialOptions = {},
): Promise<TokenCredential> {
  const witness = new SignInWitness();
  const { signIn } = config;
  const setting = settingName("userAssignedIdentityID", config);
  const credential =
    signIn.kind === "managed-identity"
      ? managedIdentity({ clientId: signIn.clientId, imds, clock, setting })
      : await principal({ ...config, signIn }, cloud, { ca, witness });
  const flights = new SingleFlight<AccessToken | null>();
  return {
    async getToken(scopes, options = {}) {
      const signal = options.abortSignal instanceof AbortSignal ? options.abortSignal : undefined;
      const key = JSON.stringify([scopes, options.claims, options.tenantId, options.enableCae]);
      const late = () => signInSilence({ config, cloud }, longestMs);
      const ask = (stop: AbortSignal) => credential.getToken(scopes, { ...options, abortSignal: stop });
      const work = (stop: AbortSignal) => inTime(ask, stop, { clock, longestMs, late });
      try {
        checkNotExpired(config, clock);
        return await flights.run(key, work, signal);
      } catch (reason) {
        signal?.throwIfAborted();
        throw signInFault(reason, { config, cloud }, witness.heard);
      }
    },
  };
}

type Limit = { readonly clock: Clock; readonly longestMs: number; readonly late: () => Fault };

/** Azure's SDK waits as long as the kernel does, several times over, for an address that swallows packets. */
async function inTime<T>(
  work: (stop: AbortSignal) => Promise<T>,
  signal: AbortSignal,
  { clock, longestMs, late }: Limit,
): Promise<T> {
  const done = new AbortController();
  const end = clock.sleep(longestMs, done.signal).then(() => {
    throw late();
  });
  end.catch(() => {}); // also when the work was done in time, and the sleep cut short
  try {
    return await Promise.race([work(AbortSignal.any([signal, done.signal])), end]);
  } finally {
    done.abort();
  }
}

function checkNotExpired({ signIn }: CloudConfig, clock: Clock): void {
  if (signIn.kind !== "certificate" || signIn.certificate.expiresAt > clock.now()) return;
  throw new Fault("ARM_CREDENTIAL", expiredSentence(signIn.certificate));
}

type Principal = CloudConfig & { readonly signIn: Exclude<CloudConfig["signIn"], { kind: "managed-identity" }> };
type Means = { readonly ca: string | undefined; readonly witness: SignInWitness };

async function principal(
  { tenantId, signIn }: Principal,
  cloud: Cloud,
  { ca, witness }: Means,
): Promise<TokenCredential> {
  // Loaded here, since a standby needs none of it.
  const sdk = await import("@azure/identity");
  const options = {
    authorityHost: cloud.activeDirectory,
    // The authority is what the administrator configured; asking Microsoft about it fails in clouds of one's own.
    disableInstanceDiscovery: true,
    retryOptions: { maxRetries: RETRIES },
    additionalPolicies: [witness.policy],
    ...(ca === undefined ? {} : { tlsOptions: { ca } }),
  };
  if (signIn.kind === "secret") {
    return new sdk.ClientSecretCredential(tenantId, signIn.clientId, signIn.secret.reveal(), options);
  }
  const { certificate, clientId } = signIn;
  if (certificate.keyType === "rsa") {
    return new sdk.ClientCertificateCredential(tenantId, clientId, { certificate: certificate.pem.reveal() }, options);
  }
  const audience = `${cloud.activeDirectory}/${tenantId}/oauth2/v2.0/token`;
  const assertion = async () => clientAssertion(certificate, clientId, audience);
  return new sdk.ClientAssertionCredential(tenantId, clientId, assertion, options);
}

/** The sentence with which the original told how it signs in. */
export function signInSummary({ signIn }: CloudConfig): string {
  const principal = `MIC using service principal: ${redactClientId(signIn.clientId)} for authentication`;
  if (signIn.kind === "secret") return `${principal}.`;
  if (signIn.kind === "certificate") {
    const { thumbprint, expiresAt } = signIn.certificate;
    return `${principal}, with certificate ${thumbprint} valid until ${new Date(expiresAt).toISOString().slice(0, 10)}.`;
  }
  if (signIn.clientId === "") return "MIC using system assigned identity for authentication.";
  return `MIC using user assigned identity: ${redactClientId(signIn.clientId)} for authentication.`;
}

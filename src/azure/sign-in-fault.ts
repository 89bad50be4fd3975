import { Fault } from "../base/fault.ts";
import { redactClientId } from "../base/secret.ts";
import type { Key } from "./azure-json.ts";
import { type CloudConfig, settingName, whereSettingsAre } from "./cloud-config.ts";
import type { Cloud } from "./clouds.ts";
import { unreachable as imdsUnreachable } from "./managed-identity.ts";
import type { Heard } from "./sign-in-witness.ts";

/** Who signs in where: what sentences are made of. */
export type SignInPlace = { readonly config: CloudConfig; readonly cloud: Cloud };

const LONGEST_MESSAGE = 300;
const UNTRUSTED = /CERT|SIGNATURE|ERR_TLS/;

/**
 * What went wrong when MIC signed in, in one sentence that says what to do. It holds no secret, no client ID in full,
 * and nothing that differs from one attempt to the next.
 */
export function signInFault(reason: unknown, place: SignInPlace, heard: Heard): Fault {
  if (reason instanceof Fault) return reason;
  const { status = 0, code } = heard;
  if (code !== undefined) return new Fault("ENTRA_UNREACHABLE", unreachable(place, code), { cause: reason });
  if (status > 0 && !heard.said) {
    const message = unreachable(place, `status ${status} from something else that answers there`);
    return new Fault("ENTRA_UNREACHABLE", message, { cause: reason, retryAfterMs: heard.retryAfterMs });
  }
  const said = tidy(heard.said ?? (reason instanceof Error ? reason.message : String(reason)), place.config);
  const number = /AADSTS(\d+)/.exec(said)?.[1] ?? "";
  if (status === 429 || status >= 500) {
    const message = `Entra ID gives MIC no token for now: it answers with status ${status}; MIC asks again (${said})`;
    return new Fault("ENTRA_ERROR", message, { cause: reason, retryAfterMs: heard.retryAfterMs });
  }
  const message = `Entra ID gives MIC no token: ${advice(number, place)} (${said})`;
  return new Fault("ARM_CREDENTIAL", message, { cause: reason });
}

/** Nobody answered in time. */
export function signInSilence(place: SignInPlace, waitedMs: number): Fault {
  const why = `no answer within ${waitedMs / 1000} seconds`;
  if (place.config.signIn.kind === "managed-identity") return imdsUnreachable(why);
  return new Fault("ENTRA_UNREACHABLE", unreachable(place, why));
}

function unreachable({ config, cloud }: SignInPlace, why: string): string {
  const at = `Entra ID at ${cloud.activeDirectory}`;
  if (UNTRUSTED.test(why)) {
    return `${at} shows a certificate that MIC does not trust (${why}): name its authority's file in NODE_EXTRA_CA_CERTS`;
  }
  return `${at} does not answer (${why}): check MIC's network, and ${settingName("cloud", config)} in ${whereSettingsAre(config)}`;
}

/** What is wrong and what to do, by the numbers that Entra ID gives its errors (learn.microsoft.com, AADSTS codes). */
function advice(number: string, { config, cloud }: SignInPlace): string {
  const { tenantId, signIn } = config;
  const name = (...keys: Key[]) =>
    `${keys.map((key) => settingName(key, config)).join(" or ")} in ${whereSettingsAre(config)}`;
  switch (number) {
    case "7000215":
      return `it does not take the client secret, correct ${name("aadClientSecret")}`;
    case "7000222":
      return `the client secret has expired, make a new one and put it into ${name("aadClientSecret")}`;
    case "90002":
    case "900023":
    case "900021":
      return `${cloud.activeDirectory} knows no tenant ${tenantId}, correct ${name("tenantId", "cloud")}`;
    case "700016":
      return `tenant ${tenantId} has no application ${redactClientId(signIn.clientId)}, correct ${name("aadClientId", "tenantId")}`;
    case "7000112":
      return `application ${redactClientId(signIn.clientId)} is disabled, enable it`;
    case "700024":
      return "it finds the time of MIC's signature wrong, set the clock of MIC's node";
  }
  if (signIn.kind !== "certificate") return `check ${name("tenantId", "aadClientId", "aadClientSecret")}`;
  const { thumbprint, file } = signIn.certificate;
  return `it does not take certificate ${thumbprint} of ${file}, register it with the application or correct ${name("aadClientCertPath")}`;
}

/** Of the SDK's wording the service's own sentence, on one line, without IDs of requests and of clients. */
function tidy(message: string, { signIn }: CloudConfig): string {
  const line = message.replace(/\s+/g, " ");
  const own = / Description: (.*)$/.exec(line)?.[1] ?? line;
  const words = own.replace(/\.? (- )?(Trace ID|Correlation ID|Timestamp):.*$/, "").trim();
  const hidden = hide(words, signIn.clientId, redactClientId(signIn.clientId));
  const safe = signIn.kind === "secret" ? hide(hidden, signIn.secret.reveal(), "[redacted]") : hidden;
  return safe.length > LONGEST_MESSAGE ? `${safe.slice(0, LONGEST_MESSAGE)}…` : safe;
}

function hide(text: string, value: string, by: string): string {
  return value.length < 4 ? text : text.replaceAll(value, by);
}

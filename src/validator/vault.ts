import { Fault } from "../base/fault.ts";
import { Secret } from "../base/secret.ts";

const TIMEOUT_MS = 80_000;
const LONGEST_WORDS = 256;

/** Reads the value of a secret from Key Vault. @throws Fault CHECK_FAILED, which never holds the value */
export async function readVaultSecret(url: string, token: Secret, signal: AbortSignal): Promise<Secret> {
  const response = await ask(url, token, signal);
  const body = await response.text();
  if (response.status !== 200) {
    throw new Fault("CHECK_FAILED", `Key Vault answered ${response.status}: ${body.slice(0, LONGEST_WORDS)}`);
  }
  const value = secretIn(body);
  if (value === undefined) throw new Fault("CHECK_FAILED", "Key Vault answered with something that is no secret");
  return new Secret(value);
}

async function ask(url: string, token: Secret, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, {
      headers: { Authorization: `Bearer ${token.reveal()}` },
      redirect: "error", // the token is for nobody else
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
  } catch (cause) {
    signal.throwIfAborted();
    const where = URL.canParse(url) ? new URL(url).origin : url;
    throw new Fault("CHECK_FAILED", `Key Vault at ${where} does not answer: check its name and the network`, { cause });
  }
}

function secretIn(body: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(body);
    const value = typeof answer === "object" && answer !== null && "value" in answer ? answer.value : undefined;
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined; // no JSON: no secret either
  }
}

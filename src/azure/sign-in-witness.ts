import type { ClientSecretCredentialOptions } from "@azure/identity";
import { retryAfterMs } from "./arm-fault.ts";

type AdditionalPolicy = NonNullable<ClientSecretCredentialOptions["additionalPolicies"]>[number];
type Response = Awaited<ReturnType<AdditionalPolicy["policy"]["sendRequest"]>>;

/** What came of the last request to Entra ID: an answer that is an error, or none at all. */
export type Heard = {
  readonly status?: number;
  /** Entra ID's own words. */
  readonly said?: string;
  /** Why there was no answer, as Node names it. */
  readonly code?: string;
  readonly retryAfterMs?: number | undefined;
};

/**
 * Hears what the SDK hears. Its own errors tell a tenant that does not exist, a name that cannot be resolved and a
 * certificate that is not trusted by one and the same word.
 */
export class SignInWitness {
  /** By address, the latest last: a success takes back only what was heard of the same address. */
  readonly #heard = new Map<string, Heard>();

  get heard(): Heard {
    return [...this.#heard.values()].at(-1) ?? {};
  }

  get policy(): AdditionalPolicy {
    return {
      position: "perRetry",
      policy: {
        name: "signInWitness",
        sendRequest: async (request, next) => {
          this.#heard.delete(request.url);
          try {
            const response = await next(request);
            if (response.status >= 400) this.#heard.set(request.url, ofAnswer(response));
            return response;
          } catch (reason) {
            this.#heard.set(request.url, { code: codeOf(reason) });
            throw reason;
          }
        },
      },
    };
  }
}

function ofAnswer({ status, bodyAsText, headers }: Response): Heard {
  const asked = retryAfterMs(headers.get("retry-after"), Date.now());
  return { status, said: descriptionOf(bodyAsText ?? ""), retryAfterMs: asked };
}

function descriptionOf(body: string): string {
  try {
    const { error_description } = JSON.parse(body) as { error_description?: unknown };
    return typeof error_description === "string" ? error_description : "";
  } catch {
    return ""; // a proxy's page, which tells nothing
  }
}

function codeOf(reason: unknown): string {
  return reason instanceof Error && "code" in reason ? String(reason.code) : "no answer";
}

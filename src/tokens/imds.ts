import { identityKey, identityProblem } from "../api/identity.ts";
import { objectKey } from "../api/meta.ts";
import type { Token } from "../api/token-answer.ts";
import { Backoff } from "../base/backoff.ts";
import { type Clock, realClock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Backend, TokenRequest } from "./backend.ts";
import { imdsFault, readTokenAnswer } from "./imds-answer.ts";
import { type ImdsTurnsOptions, PATIENCE_MS, sendGoverned } from "./imds-turns.ts";

export type ImdsOptions = ImdsTurnsOptions & {
  readonly userAgent: string;
  readonly clock?: Clock;
  /** Told of every call: how long it took, and the fault if it failed. */
  readonly onCall?: (seconds: number, fault: Fault | undefined) => void;
};

/** Tokens of user-assigned identities (type 0) from the instance metadata service of the machine. */
export function imdsBackend(options: ImdsOptions): Backend {
  return {
    identityKey,
    key: ({ identity, resource }) => `${identityKey(identity)}\n${resource}`,
    fetch: (request, signal) => patiently(request, options, signal),
  };
}

/** Asks again after passing trouble, until the caller would not wait for another answer. */
async function patiently(request: TokenRequest, options: ImdsOptions, signal: AbortSignal): Promise<Token> {
  const { clock = realClock, governor } = options;
  const target = tokenTarget(request);
  const deadline = clock.monotonic() + PATIENCE_MS;
  const backoff = new Backoff({ firstMs: 500, maxMs: 5000 });
  let last: Fault | undefined;
  for (;;) {
    try {
      const turn = { of: request.podUid, patienceMs: deadline - clock.monotonic() };
      return await governor.run(() => once(target, request, options, signal), turn, signal);
    } catch (reason) {
      const fault = Fault.from(reason);
      if (fault.code === "LIMIT_REACHED") throw last ?? fault; // why it was asked again says more than that it waits
      last = fault;
      const waitMs = Math.max(backoff.next(), fault.retryAfterMs ?? 0);
      if (signal.aborted || !isWorthAnotherTry(fault) || clock.monotonic() + waitMs > deadline) throw reason;
      await clock.sleep(waitMs, signal);
    }
  }
}

function isWorthAnotherTry(fault: Fault): boolean {
  return fault.retry && fault.code !== "IMDS_IDENTITY_UNKNOWN";
}

async function once(target: string, request: TokenRequest, options: ImdsOptions, signal: AbortSignal): Promise<Token> {
  const { userAgent, clock = realClock, onCall } = options;
  const start = clock.monotonic();
  try {
    const headers = { Metadata: "true", "User-Agent": userAgent };
    const answer = await sendGoverned({ method: "GET", target, headers }, options, signal);
    if (answer.status !== 200) throw imdsFault(answer, request.isJustAssigned);
    const { resource, identity } = request;
    const token = readTokenAnswer(answer.body, { resource, clientId: identity.clientId, nowMs: clock.now() });
    onCall?.((clock.monotonic() - start) / 1000, undefined);
    return token;
  } catch (reason) {
    if (!signal.aborted) onCall?.((clock.monotonic() - start) / 1000, Fault.from(reason));
    throw reason;
  }
}

/** The identity is always named: without a name IMDS would answer with the machine's own identity. */
function tokenTarget({ identity, resource }: TokenRequest): string {
  const query = new URLSearchParams({ "api-version": "2018-02-01", resource });
  if (identity.clientId !== "") {
    query.set("client_id", identity.clientId);
  } else {
    const problem = identityProblem(identity);
    const name = objectKey(identity.meta);
    if (problem !== undefined) throw new Fault("OBJECT_INVALID", `AzureIdentity ${name} cannot be used: ${problem}`);
    query.set("msi_res_id", identity.resourceId);
  }
  query.sort();
  return `/metadata/identity/oauth2/token?${query}`;
}

import { identityKey, identityProblem } from "../api/identity.ts";
import { objectKey } from "../api/meta.ts";
import type { Token } from "../api/token-answer.ts";
import { realClock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Backend, TokenRequest } from "./backend.ts";
import { imdsFault, readTokenAnswer } from "./imds-answer.ts";
import { type ImdsTurnsOptions, sendGoverned } from "./imds-turns.ts";
import { PATIENCE_MS, patiently } from "./patience.ts";

export type ImdsOptions = ImdsTurnsOptions & {
  readonly userAgent: string;
  /** Told of every call: how long it took, and the fault if it failed. */
  readonly onCall?: (seconds: number, fault: Fault | undefined) => void;
};

/** Tokens of user-assigned identities (type 0) from the instance metadata service of the machine. */
export function imdsBackend(options: ImdsOptions): Backend {
  return {
    identityKey,
    key: ({ identity, resource }) => `${identityKey(identity)}\n${resource}`,
    fetch: (request, signal) => fetchToken(request, options, signal),
  };
}

async function fetchToken(request: TokenRequest, options: ImdsOptions, signal: AbortSignal): Promise<Token> {
  const { clock = realClock, governor } = options;
  const call = { target: tokenTarget(request), deadline: clock.monotonic() + PATIENCE_MS };
  const inTurn = (patienceMs: number) => {
    const turn = { of: request.podUid, patienceMs };
    return governor.run(() => once(call, request, options, signal), turn, signal);
  };
  return await patiently(inTurn, { clock, deadline: call.deadline, isWorthAnotherTry }, signal);
}

function isWorthAnotherTry(fault: Fault): boolean {
  return fault.retry && fault.code !== "IMDS_IDENTITY_UNKNOWN";
}

async function once(
  { target, deadline }: { readonly target: string; readonly deadline: number },
  request: TokenRequest,
  options: ImdsOptions,
  signal: AbortSignal,
): Promise<Token> {
  const { userAgent, clock = realClock, onCall } = options;
  const start = clock.monotonic();
  try {
    const headers = { Metadata: "true", "User-Agent": userAgent };
    const answer = await sendGoverned({ method: "GET", target, headers, isOwn: true }, deadline, options, signal);
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

import type { Pod } from "../../api/pod.ts";
import { tokenAnswers } from "../../api/token-answer.ts";
import { readTokenQuery, type TokenQuery } from "../../api/token-query.ts";
import { Fault } from "../../base/fault.ts";
import type { Excepted } from "../events/events.ts";
import type { NmiPorts } from "../ports.ts";
import type { NmiRequest, NmiResponse } from "../server/message.ts";
import { errorAnswer } from "./error-answer.ts";
import type { MetadataPath } from "./metadata-path.ts";
import { relay } from "./relay.ts";
import { checkRequest, requestFault } from "./request-rules.ts";
import { tokenFor } from "./token-for.ts";

/** What is known of a request so far: for the log and the metric, which need it after a refusal too. */
type Learnt = { pod?: Pod; query?: TokenQuery };

/** GET /metadata/identity/oauth2/token: the pod at the other end of the connection gets a token of its own identity. */
export function tokenRoute(
  request: NmiRequest,
  path: MetadataPath,
  ports: NmiPorts,
): NmiResponse | Promise<NmiResponse> {
  return repeated(request, ports) ?? decided(request, path, ports);
}

/** What the client was given a moment ago, if it would be given that again. */
function repeated(request: NmiRequest, { repeats, clock, settings }: NmiPorts): NmiResponse | undefined {
  const start = clock.monotonic();
  const given = repeats.of(request);
  if (given === undefined || requestFault(request, settings) !== undefined) return undefined;
  given.tell(clock.monotonic() - start);
  return given.response;
}

async function decided(request: NmiRequest, path: MetadataPath, ports: NmiPorts): Promise<NmiResponse> {
  const start = ports.clock.monotonic();
  const learnt: Learnt = {};
  const response = await decide(request, path, ports, learnt);
  const tookMs = ports.clock.monotonic() - start;
  ports.events.tokenRequestDone({ request, status: response.status, tookMs, ...learnt });
  return response;
}

async function decide(request: NmiRequest, path: MetadataPath, ports: NmiPorts, learnt: Learnt): Promise<NmiResponse> {
  try {
    checkRequest(request, ports.settings);
    // Whether it is that pod shows while the token is fetched.
    const pod = await ports.callers.seen(request.connection, request.signal);
    learnt.pod = pod;
    const pass = ports.exceptions.passOf(pod);
    if (pass !== undefined) return await relayForExcepted({ pod, pass }, request, path, ports);
    const query = readTokenQuery(path.query);
    learnt.query = query;
    const { identity, token } = await tokenFor(pod, query, ports, request.signal);
    // Meanwhile the address may have gone to another pod, and the pod may have lost its identity.
    ports.identities.confirm(await ports.callers.of(request.connection, request.signal), identity);
    ports.events.tokenGranted(request, identity, { pod, query }, token);
    const body = JSON.stringify(tokenAnswers(token, ports.clock.now()));
    const response = { status: 200, headers: { "Content-Type": "application/json" }, body };
    const tell = ports.events.repeatedGrant(request, identity, { pod, query });
    ports.repeats.keep(request, { query, identity, response, tell });
    return response;
  } catch (reason) {
    const fault = Fault.from(await reasonToTell(reason, request, ports, learnt));
    ports.events.tokenRefused(request, fault, learnt);
    return errorAnswer(fault, ports.settings);
  }
}

/** Why a request failed; where the pod is not sure to have asked, only that, and nothing of the pod. */
async function reasonToTell(reason: unknown, request: NmiRequest, ports: NmiPorts, learnt: Learnt): Promise<unknown> {
  if (learnt.pod === undefined) return reason;
  try {
    await ports.callers.sure(request.connection, request.signal);
    return reason;
  } catch (doubt) {
    delete learnt.pod;
    return doubt;
  }
}

async function relayForExcepted(
  caller: Excepted,
  request: NmiRequest,
  path: MetadataPath,
  ports: NmiPorts,
): Promise<NmiResponse> {
  await ports.callers.sure(request.connection, request.signal);
  ports.events.exceptionUsed(request, caller, path);
  return await relay(request, path, ports);
}

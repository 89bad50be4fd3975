import type { Pod } from "../../api/pod.ts";
import { hostTokenAnswer } from "../../api/token-answer.ts";
import { readTokenQuery, type TokenQuery } from "../../api/token-query.ts";
import { Fault } from "../../base/fault.ts";
import type { NmiPorts, NmiSettings } from "../ports.ts";
import type { NmiRequest, NmiResponse } from "../server/message.ts";
import { errorAnswer } from "./error-answer.ts";
import type { MetadataPath } from "./metadata-path.ts";
import { checkRequest } from "./request-rules.ts";
import { tokenFor } from "./token-for.ts";

/** The only address that processes of the node come from; an address of a pod never passes for it. */
const HOST = "127.0.0.1";

/** What is known of a request so far. `hostUid`: the user whose process asks, or `unknown`. */
type Learnt = { pod?: Pod; query?: TokenQuery; hostUid?: number | "unknown" };

/**
 * GET /host/token: a process of the node, such as a volume driver, asks in the name of a pod of the node, which it names
 * by the headers podns and podname. Exceptions do not count here, and the header `Metadata` is not asked for: those
 * two are as hard to send for a server that was tricked.
 */
export async function hostTokenRoute(request: NmiRequest, path: MetadataPath, ports: NmiPorts): Promise<NmiResponse> {
  const start = ports.clock.monotonic();
  const learnt: Learnt = {};
  const response = await decide(request, path, ports, learnt);
  const tookMs = ports.clock.monotonic() - start;
  ports.events.tokenRequestDone({ request, status: response.status, tookMs, isOfHost: true, ...learnt });
  return response;
}

async function decide(request: NmiRequest, path: MetadataPath, ports: NmiPorts, learnt: Learnt): Promise<NmiResponse> {
  try {
    checkRequest(request, { metadataHeaderRequired: false });
    const ref = namedPod(request);
    checkIsHost(request);
    const uid = await ports.peers.uidOf(request.connection);
    learnt.hostUid = uid ?? "unknown";
    checkMayAsk(uid, ports.settings);
    const query = readTokenQuery(path.query);
    learnt.query = query;
    const pod = await ports.callers.named(ref, request.signal);
    learnt.pod = pod;
    const { identity, token } = await tokenFor(pod, query, ports, request.signal);
    ports.identities.confirm(pod, identity);
    ports.events.tokenGranted(request, identity, { ...learnt, pod, query }, token);
    const body = JSON.stringify(hostTokenAnswer(token, ports.clock.now()));
    return { status: 200, headers: { "Content-Type": "application/json" }, body };
  } catch (reason) {
    const fault = Fault.from(reason);
    ports.events.tokenRefused(request, fault, learnt);
    return errorAnswer(fault, { setRetryAfterHeader: false });
  }
}

function namedPod({ headers }: NmiRequest): { readonly namespace: string; readonly name: string } {
  const { podns: namespace, podname: name } = headers;
  if (typeof namespace === "string" && typeof name === "string" && namespace !== "" && name !== "") {
    return { namespace, name };
  }
  throw new Fault("REQUEST_INVALID", "missing 'podname' and 'podns' from request header");
}

function checkIsHost({ connection }: NmiRequest): void {
  if (connection.remoteAddress === HOST) return;
  throw new Fault("HOST_TOKEN_DENIED", "request remote address is not from a host");
}

function checkMayAsk(uid: number | undefined, { hostTokenUids }: NmiSettings): void {
  if (hostTokenUids.length === 0 || (uid !== undefined && hostTokenUids.includes(uid))) return;
  throw new Fault("HOST_TOKEN_DENIED", "the user that asks is not in --host-token-uids");
}

import type { Identity } from "../../api/identity.ts";
import { objectKey } from "../../api/meta.ts";
import type { Pod } from "../../api/pod.ts";
import type { TokenQuery } from "../../api/token-query.ts";
import type { Fault } from "../../base/fault.ts";
import { printable } from "../../base/log.ts";
import { redactClientId } from "../../base/secret.ts";
import { matchedLine, oneWord } from "../matched.ts";
import type { NmiRequest } from "../server/message.ts";
import type { Cause } from "./pace.ts";

/** What is known of a token request so far: after a refusal it may be nothing. */
export type Learnt = {
  readonly pod?: Pod;
  readonly query?: TokenQuery;
  /** The user of the node that asks in the name of the pod; absent where the pod asks itself. */
  readonly hostUid?: number | "unknown";
};

/** Of a request what lines tell of it. */
export type Asking = Pick<NmiRequest, "method" | "target" | "connection">;

/** Who causes the lines of a request: its pod, as far as it is known, at that address, or the user that asks for it. */
export function causeOf(request: Asking, learnt: Learnt = {}): Cause {
  const { pod, hostUid = "" } = learnt;
  const { remoteAddress } = request.connection;
  const isKnown = pod !== undefined;
  return { key: `${remoteAddress} ${pod?.meta.uid ?? ""} ${hostUid}`, isKnown, fields: callerFields(request, learnt) };
}

/** What is known once a token is granted. */
export type Granted = Learnt & Required<Pick<Learnt, "pod" | "query">>;

/** The lines of a granted token, each with the key that it shares with those like it. */
export function grantLines(request: Asking, identity: Identity, learnt: Granted) {
  const { pod, query } = learnt;
  const key = grantKey(request, identity, learnt);
  const names = namedBy(query);
  const name = objectKey(identity.meta);
  const matched = () => {
    const message = `${names}${objectKey(pod.meta)} has been matched with azure identity ${name}`;
    return { message, fields: {} };
  };
  const granted = () => ({
    message: matchedLine(identity, query.resource),
    fields: {
      decision: "granted",
      identity: name,
      ...askedFor({ resource: query.resource, clientId: identity.clientId }),
      ...callerFields(request, learnt),
    },
  });
  return [
    // A client ID is the same however it is spelled.
    { key: `matched ${names.toLowerCase()}${key}`, make: matched },
    { key: `granted ${key}`, make: granted },
  ];
}

/** The original's line of a token request that is over, all but the time that it took. */
export function doneLine({ method, target, connection }: Asking, status: number): (tookMs: number) => string {
  const path = printable(target.split("?")[0] ?? "");
  const what = `for req.method=${method} reg.path=${path} req.remote=${connection.remoteAddress}`;
  return (tookMs) => `status (${status}) took ${Math.round(tookMs * 1e6)} ns ${what}`;
}

/** All that lines of granted tokens tell, or that decides about it, but for how the request named the identity. */
function grantKey({ connection }: Asking, { meta }: Identity, { pod, query, hostUid }: Learnt): string {
  const asked = [query?.resource, connection.remoteAddress, hostUid];
  return JSON.stringify([pod?.meta.uid, meta.uid, meta.resourceVersion, ...asked]);
}

function namedBy({ clientId, resourceId }: TokenQuery): string {
  if (clientId !== undefined) return `clientID in request: ${redactClientId(oneWord(clientId))}, `;
  return resourceId === undefined ? "no clientID or resourceID in request. " : "resourceID in request, ";
}

type Asked = { readonly resource?: string | undefined; readonly clientId?: string | undefined };

/** The fields of what was asked for. */
export function askedFor({ resource, clientId }: Asked = {}) {
  return { resource, clientId: clientId === undefined ? undefined : redactClientId(clientId) };
}

/** The fields of who asked. */
export function callerFields({ connection }: Asking, { pod, hostUid }: Learnt = {}) {
  const caller = { remote: connection.remoteAddress, hostUid };
  // What is not known says nothing: a fault may have named the pod.
  return pod === undefined ? caller : { pod: objectKey(pod.meta), uid: pod.meta.uid, ...caller };
}

/** The fields of a refusal. */
export function why(fault: Fault) {
  return { code: fault.code, reason: fault.message };
}

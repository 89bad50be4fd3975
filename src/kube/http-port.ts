import type { IncomingHttpHeaders } from "node:http";

export type HttpRequest = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With the query. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  /** The form of the answer; JSON when left out. */
  readonly accept?: string;
};
/** The beginning of an answer; the rest may take any time. */
export type HttpStream = {
  readonly status: number;
  /** By names in lower case. */
  readonly headers: IncomingHttpHeaders;
  readonly body: AsyncIterable<Uint8Array>;
};
export type HttpAnswer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string };

/**
 * What carries requests to an API server. No time limits in here: whoever asks aborts the signal, and then both `open`
 * and the body, until its end, reject with the signal's reason. They reject with Fault KUBE_UNREACHABLE when the
 * connection fails or breaks off, and with what the credentials fail with.
 */
export type HttpPort = AsyncDisposable & {
  /** The server, as messages name it. */
  readonly server: string;
  /** Resolves when an answer has begun, whatever its status. */
  open(request: HttpRequest, signal: AbortSignal): Promise<HttpStream>;
};

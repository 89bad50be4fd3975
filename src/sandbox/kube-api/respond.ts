import type { ServerResponse } from "node:http";
import { type JsonObject, objectOr } from "./json.ts";
import type { StatusError } from "./status.ts";

/** Answers with an object. */
export function send(response: ServerResponse, code: number, body: JsonObject, headers: object = {}): void {
  if (response.headersSent || response.destroyed) return;
  const text = `${JSON.stringify(body)}\n`;
  const length = String(Buffer.byteLength(text));
  response.writeHead(code, { "content-type": "application/json", ...headers, "content-length": length }).end(text);
}

/** Answers with a refusal; it also says in a header how long to wait. */
export function sendError(response: ServerResponse, { code, status }: StatusError): void {
  const { retryAfterSeconds } = objectOr(status.details);
  send(response, code, status, retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) });
}

export function sendText(response: ServerResponse, text: string): void {
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end(text);
}

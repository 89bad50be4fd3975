import type { ServerResponse } from "node:http";
import { type JsonObject, objectOr } from "../json.ts";
import type { StatusError } from "../status.ts";
import { NoPage } from "./no-page.ts";

/** Answers with an object. */
export function send(response: ServerResponse, code: number, body: JsonObject, headers: object = {}): void {
  if (response.headersSent || response.destroyed) return;
  const text = `${JSON.stringify(body)}\n`;
  const length = String(Buffer.byteLength(text));
  response.writeHead(code, { "content-type": "application/json", ...headers, "content-length": length }).end(text);
}

/** Answers with a refusal; it also says in a header how long to wait. */
export function sendError(response: ServerResponse, error: StatusError): void {
  const { code, status } = error;
  if (error instanceof NoPage) {
    sendText(response, `${error.message}\n`, code);
    return;
  }
  const { retryAfterSeconds } = objectOr(status.details);
  send(response, code, status, retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) });
}

export function sendText(response: ServerResponse, text: string, code = 200): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(code, { "content-type": "text/plain; charset=utf-8" }).end(text);
}

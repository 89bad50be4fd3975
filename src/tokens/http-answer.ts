import type { IncomingMessage } from "node:http";
import { type Clock, realClock } from "../base/clock.ts";
import type { Fault } from "../base/fault.ts";

/** Everything that a service for tokens answers is far smaller; more means that something else answers. */
const MAX_BODY_BYTES = 1 << 20;

export type HttpAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
};

/** The whole answer, bounded in size. @throws what `tooLarge` makes, or what breaks the connection */
export async function readAnswer(response: IncomingMessage, tooLarge: () => Fault): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks, size) };
}

/** `Retry-After` in milliseconds: seconds or a date, as HTTP has it; undefined when absent or unreadable. */
export function retryAfterMs(headers: HttpAnswer["headers"], clock: Clock = realClock): number | undefined {
  const value = headers["retry-after"];
  if (typeof value !== "string") return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - clock.now());
}

import type { ClientRequest, IncomingMessage } from "node:http";
import { type Clock, realClock } from "../base/clock.ts";
import type { Fault } from "../base/fault.ts";

/** Everything that a service for tokens answers is far smaller; more means that something else answers. */
const MAX_BODY_BYTES = 1 << 20;

export type HttpAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
};

export type AnswerOptions = {
  /** What the request carries. */
  readonly body: string | Uint8Array | undefined;
  /** How long the whole answer may take. */
  readonly timeoutMs: number;
  readonly tooLarge: () => Fault;
};

/**
 * Sends a request that was made and reads the whole answer, bounded in time and size. Rejects with the signal's reason,
 * with what `tooLarge` makes, with what breaks the connection, or with an Error without a code when time is over.
 */
export async function answerTo(
  call: ClientRequest,
  { body, timeoutMs, tooLarge }: AnswerOptions,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const giveUp = (reason: unknown) => {
    reject(reason);
    call.destroy();
  };
  const leave = () => giveUp(signal.reason);
  const timer = setTimeout(() => giveUp(new Error("no answer in time")), timeoutMs);
  signal.addEventListener("abort", leave, { once: true });
  call.on("error", reject); // more than one may come
  call.once("response", (response) => collect(response, resolve, giveUp, tooLarge));
  if (signal.aborted) leave();
  call.end(body);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", leave);
  }
}

/** By events, since a loop over a stream costs more than all else of a call. */
function collect(
  response: IncomingMessage,
  resolve: (answer: HttpAnswer) => void,
  giveUp: (reason: unknown) => void,
  tooLarge: () => Fault,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  response.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) giveUp(tooLarge());
    else chunks.push(chunk);
  });
  response.on("error", giveUp);
  response.once("end", () =>
    resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks, size) }),
  );
}

/** `Retry-After` in milliseconds: seconds or a date, as HTTP has it; undefined when absent or unreadable. */
export function retryAfterMs(headers: HttpAnswer["headers"], clock: Clock = realClock): number | undefined {
  const value = headers["retry-after"];
  if (typeof value !== "string") return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - clock.now());
}

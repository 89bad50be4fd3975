import { Agent, type IncomingMessage, request as send } from "node:http";
import { type Clock, realClock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";

/** Everything that IMDS answers is far smaller; more means that something else answers. */
const MAX_BODY_BYTES = 1 << 20;
const TRY_TIMEOUT_MS = 10_000;

export type ImdsRequest = {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
};
export type ImdsResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
};
export type ImdsAddress = { readonly host: string; readonly port: number };

/**
 * One-shot calls to the instance metadata service: always the configured address, never through a proxy, redirects
 * not followed, answers bounded in time and size.
 */
export class ImdsClient {
  readonly #address: ImdsAddress;
  readonly #timeoutMs: number;
  // An agent of its own takes no proxy from the environment; a connection a call never meets one that IMDS has closed.
  readonly #agent = new Agent({ keepAlive: false });

  constructor(address: ImdsAddress, timeoutMs = TRY_TIMEOUT_MS) {
    this.#address = address;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws Fault IMDS_UNREACHABLE, or IMDS_ERROR for an answer that is too large; the signal's reason when aborted */
  async send(request: ImdsRequest, signal: AbortSignal): Promise<ImdsResponse> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]);
    try {
      const response = await this.#open(request, limit);
      return { status: response.statusCode ?? 0, headers: response.headers, body: await readBody(response) };
    } catch (reason) {
      if (signal.aborted) throw signal.reason;
      throw Fault.is(reason, "IMDS_ERROR") ? reason : this.#noAnswer(reason);
    }
  }

  #open({ method, target, headers, body }: ImdsRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const { host, port } = this.#address;
    return new Promise((resolve, reject) => {
      const call = send({ host, port, method, path: target, headers, agent: this.#agent, signal }, resolve);
      call.once("error", reject);
      call.end(body);
    });
  }

  #noAnswer(reason: unknown): Fault {
    const { host, port } = this.#address;
    const why = reason instanceof Error && "code" in reason ? String(reason.code) : "no answer in time";
    if (why.startsWith("HPE_")) {
      const message = `what answers at ${host}:${port} is not the instance metadata service: no HTTP (${why})`;
      return new Fault("IMDS_ERROR", message, { cause: reason });
    }
    const seconds = this.#timeoutMs / 1000;
    const message = `the instance metadata service at ${host}:${port} does not answer (${why}, limit ${seconds} s)`;
    return new Fault("IMDS_UNREACHABLE", message, { cause: reason });
  }
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES)
      throw new Fault("IMDS_ERROR", "the answer of the instance metadata service is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** `Retry-After` in milliseconds: seconds or a date, as HTTP has it; undefined when absent or unreadable. */
export function retryAfterMs(headers: ImdsResponse["headers"], clock: Clock = realClock): number | undefined {
  const value = headers["retry-after"];
  if (typeof value !== "string") return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - clock.now());
}

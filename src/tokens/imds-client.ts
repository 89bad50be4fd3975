import { Agent, type ClientRequest, request as open } from "node:http";
import { Fault } from "../base/fault.ts";
import { answerTo, type HttpAnswer } from "./http-answer.ts";

const TRY_TIMEOUT_MS = 10_000;
/** A connection is kept for so long for the next of NMI's own calls: pods that start together need one after the other. */
const KEPT_MS = 5_000;

export type ImdsRequest = {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  /**
   * All of it is NMI's own, and asking twice does no harm: it may follow another one on its connection. What pods write
   * has a connection of its own, so that nothing in it can reach into another's answer.
   */
  readonly isOwn?: boolean;
};
export type ImdsAddress = { readonly host: string; readonly port: number };

/**
 * Calls to the instance metadata service: always the configured address, never through a proxy, redirects
 * not followed, answers bounded in time and size.
 */
export class ImdsClient {
  readonly #address: ImdsAddress;
  readonly #timeoutMs: number;
  // Agents of its own take no proxy from the environment.
  readonly #anew = new Agent({ keepAlive: false });
  readonly #kept = new Agent({ keepAlive: true, timeout: KEPT_MS });

  constructor(address: ImdsAddress, timeoutMs = TRY_TIMEOUT_MS) {
    this.#address = address;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * @param limitMs how long the answer may take at most, where that is less than it may take anyway
   * @throws Fault IMDS_UNREACHABLE, or IMDS_ERROR for an answer that is too large; the signal's reason when aborted
   */
  async send(request: ImdsRequest, signal: AbortSignal, limitMs = Number.POSITIVE_INFINITY): Promise<HttpAnswer> {
    const timeoutMs = Math.min(this.#timeoutMs, limitMs);
    signal.throwIfAborted();
    const began = performance.now();
    const call = this.#open(request);
    try {
      return await answerTo(call, { body: request.body, timeoutMs, tooLarge }, signal);
    } catch (reason) {
      if (signal.aborted) throw signal.reason;
      // IMDS may close a kept connection at the moment in which it is used.
      if (call.reusedSocket && isClosed(reason)) {
        const leftMs = Math.max(1, timeoutMs - (performance.now() - began));
        return await this.send({ ...request, isOwn: false }, signal, leftMs);
      }
      throw Fault.is(reason, "IMDS_ERROR") ? reason : this.#noAnswer(reason, timeoutMs);
    }
  }

  #open({ method, target, headers, body, isOwn = false }: ImdsRequest): ClientRequest {
    const { host, port } = this.#address;
    // Node tells no length for DELETE and the like: there the body would count as another request.
    const all = body === undefined ? headers : { ...headers, "Content-Length": String(body.length) };
    return open({ host, port, method, path: target, headers: all, agent: isOwn ? this.#kept : this.#anew });
  }

  #noAnswer(reason: unknown, timeoutMs: number): Fault {
    const { host, port } = this.#address;
    const why = reason instanceof Error && "code" in reason ? String(reason.code) : "no answer in time";
    if (why.startsWith("HPE_")) {
      const message = `what answers at ${host}:${port} is not the instance metadata service: no HTTP (${why})`;
      return new Fault("IMDS_ERROR", message, { cause: reason });
    }
    const seconds = Math.round(timeoutMs / 100) / 10;
    const message = `the instance metadata service at ${host}:${port} does not answer (${why}, limit ${seconds} s)`;
    return new Fault("IMDS_UNREACHABLE", message, { cause: reason });
  }
}

function isClosed(reason: unknown): boolean {
  return reason instanceof Error && "code" in reason && (reason.code === "ECONNRESET" || reason.code === "EPIPE");
}

function tooLarge(): Fault {
  return new Fault("IMDS_ERROR", "the answer of the instance metadata service is too large");
}

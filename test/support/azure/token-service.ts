import { createServer as createPlain, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecure } from "node:https";
import type { AddressInfo } from "node:net";
import type { ServerCertificate } from "../../../src/sandbox/certificates.ts";

/** What may be wrong with a service: nobody listens, nobody answers, half an answer comes, or the wrong one. */
export type ServiceTrouble =
  | "refuses"
  | "hangs"
  | "breaks off"
  | {
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly delayMs?: number;
    };

const well: Exclude<ServiceTrouble, string> = { status: 200 };

/**
 * Gives whoever asks a token with a number of its own, as IMDS does and as Entra ID does, or makes trouble until told
 * to stop. At an address of its own, so that nobody else takes its port while it does not listen.
 */
export class TokenService implements AsyncDisposable {
  /** How many requests have come while it listened. */
  calls = 0;
  /** How long new tokens live. */
  lifeSeconds = 24 * 3600;
  readonly #server: ReturnType<typeof createPlain>;
  readonly #host: string;
  #port = 0;
  #trouble: ServiceTrouble | undefined;

  private constructor(host: string, tls: ServerCertificate | undefined) {
    const serve = (request: IncomingMessage, response: ServerResponse) => this.#serve(request, response);
    this.#server = tls === undefined ? createPlain(serve) : createSecure(tls, serve);
    this.#host = host;
  }

  static async start(host: string, tls?: ServerCertificate): Promise<TokenService> {
    const service = new TokenService(host, tls);
    await service.#listen();
    service.#port = (service.#server.address() as AddressInfo).port;
    return service;
  }

  get port(): number {
    return this.#port;
  }

  async begin(trouble: ServiceTrouble): Promise<void> {
    this.#trouble = trouble;
    if (trouble === "refuses") await this.#close();
  }

  async stop(): Promise<void> {
    this.#trouble = undefined;
    if (!this.#server.listening) await this.#listen();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.#close();
  }

  #listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject).listen(this.#port, this.#host, () => resolve());
    });
  }

  #close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    return closed;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    this.calls += 1;
    const trouble = this.#trouble;
    if (trouble === "hangs") return;
    if (trouble === "breaks off") {
      response.writeHead(200, { "Content-Length": 1000 }).write('{"access_token":"tok', () => response.destroy());
      return;
    }
    const answer = typeof trouble === "object" ? trouble : well;
    const { status, headers, body = status === 200 ? this.#token() : "{}", delayMs = 0 } = answer;
    const reply = () => {
      response.writeHead(status, { "Content-Type": "application/json; charset=utf-8", ...headers });
      response.end(body);
    };
    if (delayMs === 0) reply();
    else setTimeout(reply, delayMs);
  }

  #token(): string {
    const expires = Math.floor(Date.now() / 1000) + this.lifeSeconds;
    return JSON.stringify({ access_token: `token-${this.calls}`, expires_on: String(expires), token_type: "Bearer" });
  }
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

type Answer = {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};
/** `hangUp` closes the connection instead of answering. */
type Trouble = Answer | "hangUp";

export const identityNotFound: Answer = {
  status: 400,
  body: { error: "invalid_request", error_description: "Identity not found" },
};

/**
 * A small instance metadata service: it knows the identities that were put on its machine, and gives each token a
 * number of its own. It has no switch for what a client sends wrong: such requests get IMDS's own errors.
 */
export class FakeImds implements AsyncDisposable {
  readonly requests: {
    readonly method: string;
    readonly target: string;
    readonly headers: IncomingMessage["headers"];
    /** The client's port, which tells its connections apart. */
    readonly from: number | undefined;
  }[] = [];
  lifetimeSeconds = 24 * 60 * 60;
  mostAtOnce = 0;
  readonly #server: Server;
  readonly #identities = new Map<string, string>();
  readonly #troubles: Trouble[] = [];
  #held: Promise<void> | undefined;
  #atOnce = 0;

  static async start(): Promise<FakeImds> {
    const imds = new FakeImds();
    await new Promise<void>((resolve) => imds.#server.listen(0, "127.0.0.1", resolve));
    return imds;
  }

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): { readonly host: string; readonly port: number } {
    return { host: "127.0.0.1", port: this.port };
  }

  /** The token requests so far. */
  get tokenRequests(): readonly URLSearchParams[] {
    return this.requests
      .map(({ target }) => new URL(target, "http://imds"))
      .filter(({ pathname }) => pathname.startsWith("/metadata/identity/oauth2/token"))
      .map(({ searchParams }) => searchParams);
  }

  /** Puts an identity on the machine. */
  put(clientId: string, resourceId = ""): void {
    this.#identities.set(clientId.toLowerCase(), resourceId.toLowerCase());
  }

  /** Takes it off again. */
  remove(clientId: string): void {
    this.#identities.delete(clientId.toLowerCase());
  }

  /** The next requests, one each, end like this. */
  failNext(...troubles: readonly Trouble[]): void {
    this.#troubles.push(...troubles);
  }

  /** No request is answered until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return () => {
      this.#held = undefined;
      resolve();
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = request;
    this.requests.push({ method, target: url, headers, from: request.socket.remotePort });
    this.#atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
    await this.#held;
    this.#atOnce -= 1;
    const trouble = this.#troubles.shift();
    if (trouble === "hangUp") return void response.destroy();
    const answer = trouble ?? this.#answer(new URL(url, "http://imds"), headers);
    const body = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body ?? {});
    const own = { "Content-Type": "application/json; charset=utf-8", "Content-Length": Buffer.byteLength(body) };
    response.writeHead(answer.status, { ...own, ...answer.headers });
    response.end(body);
  }

  #answer({ pathname, searchParams }: URL, headers: IncomingMessage["headers"]): Answer {
    if (headers.metadata !== "true") return refusal("Required metadata header not specified");
    if (headers["x-forwarded-for"] !== undefined) return refusal("X-Forwarded-For is not allowed");
    if (/^\/metadata\/identity\/oauth2\/token\/?$/.test(pathname)) return this.#token(searchParams);
    if (pathname.startsWith("/metadata/instance")) return { status: 200, body: { compute: { name: "node-0" } } };
    return { status: 404, body: { error: "not found" } };
  }

  #token(query: URLSearchParams): Answer {
    const resource = query.get("resource");
    if (resource === null || query.get("api-version") === null) return refusal("Required parameter is missing");
    const id = (query.get("client_id") ?? query.get("msi_res_id") ?? "").toLowerCase();
    const found = [...this.#identities].find(([clientId, resourceId]) => id === clientId || id === resourceId);
    if (found === undefined) return identityNotFound;
    const now = Math.floor(Date.now() / 1000);
    return {
      status: 200,
      body: {
        access_token: `token-${this.requests.length}-of-${found[0]}`,
        client_id: found[0],
        expires_in: String(this.lifetimeSeconds),
        expires_on: String(now + this.lifetimeSeconds),
        ext_expires_in: String(this.lifetimeSeconds),
        not_before: String(now - 300),
        resource,
        token_type: "Bearer",
      },
    };
  }
}

function refusal(description: string): Answer {
  return { status: 400, body: { error: "invalid_request", error_description: description } };
}

import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { KubeAccess } from "../../../src/kube/access.ts";

type Answer = { readonly status: number; readonly body: object; readonly headers?: Readonly<Record<string, string>> };
type Trouble = {
  readonly at: RegExp;
  readonly path?: (path: string) => string;
  readonly answer?: Answer;
};

/**
 * A plain http proxy before an API server that makes the trouble which networks and servers make: cut and frozen
 * connections, answers of its own, requests changed on the way, lines put into a watch.
 */
export class ApiProxy implements AsyncDisposable {
  readonly #upstream: KubeAccess;
  readonly #server: http.Server;
  readonly #agent: http.Agent;
  readonly #sockets = new Set<Socket>();
  readonly #frozen = new Set<Socket>();
  readonly #watches = new Set<ServerResponse>();
  readonly #troubles: Trouble[] = [];
  readonly #requests: string[] = [];
  readonly #lines: string[] = [];

  private constructor(upstream: KubeAccess, ca: string | undefined) {
    this.#upstream = upstream;
    this.#agent = upstream.server.startsWith("https:")
      ? new https.Agent({ keepAlive: true, ...(ca === undefined ? {} : { ca }) })
      : new http.Agent({ keepAlive: true });
    this.#server = http.createServer((request, response) => this.#forward(request, response));
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  static async start(upstream: KubeAccess): Promise<ApiProxy> {
    const proxy = new ApiProxy(upstream, (await upstream.credentials()).ca);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  /** Access through the proxy, with the credentials of the server behind it. */
  get access(): KubeAccess {
    const { port } = this.#server.address() as AddressInfo;
    return { server: `http://127.0.0.1:${port}`, credentials: this.#upstream.credentials };
  }

  /** Method and path of every request so far. */
  get requests(): readonly string[] {
    return this.#requests;
  }

  /** Every line that watches were sent so far. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** How many watches are open and alive. */
  get watches(): number {
    return [...this.#watches].filter(({ socket }) => socket !== null && !this.#frozen.has(socket)).length;
  }

  /** Resets every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** From now on nothing passes on today's connections, and nobody is told: a half-open link. New ones work. */
  freeze(): void {
    for (const socket of this.#sockets) this.#frozen.add(socket);
  }

  /** Puts a line into every open watch. */
  inject(line: string): void {
    for (const watch of this.#watches) watch.write(`${line}\n`);
  }

  /** Answers the next request whose method and path match in the server's place. */
  answerNext(at: RegExp, answer: Answer): void {
    this.#troubles.push({ at, answer });
  }

  /** Changes the path of the next request that matches. */
  changeNext(at: RegExp, path: (path: string) => string): void {
    this.#troubles.push({ at, path });
  }

  #forward(request: IncomingMessage, response: ServerResponse): void {
    const said = `${request.method} ${request.url}`;
    this.#requests.push(said);
    const index = this.#troubles.findIndex(({ at }) => at.test(said));
    const [trouble] = index === -1 ? [] : this.#troubles.splice(index, 1);
    if (trouble?.answer !== undefined) {
      response.writeHead(trouble.answer.status, { "content-type": "application/json", ...trouble.answer.headers });
      response.end(JSON.stringify(trouble.answer.body));
      return;
    }
    const path = trouble?.path?.(request.url ?? "") ?? request.url;
    const ask = this.#upstream.server.startsWith("https:") ? https.request : http.request;
    const { hostname, port } = new URL(this.#upstream.server);
    const { host: _, ...headers } = request.headers;
    const onward = ask({ agent: this.#agent, hostname, port, path, method: request.method, headers }, (answer) =>
      this.#passBack(answer, response, /[?&]watch=true/.test(path ?? "")),
    );
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  }

  #passBack(answer: IncomingMessage, response: ServerResponse, isWatch: boolean): void {
    const { socket } = response;
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    response.flushHeaders();
    if (isWatch) this.#watches.add(response);
    response.on("close", () => this.#watches.delete(response));
    answer.on("data", (chunk: Buffer) => {
      if (socket === null || this.#frozen.has(socket)) return;
      if (isWatch) this.#lines.push(...chunk.toString().trim().split("\n"));
      response.write(chunk);
    });
    answer.on("end", () => socket !== null && !this.#frozen.has(socket) && response.end());
    answer.on("error", () => socket !== null && !this.#frozen.has(socket) && response.destroy());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#agent.destroy();
  }
}

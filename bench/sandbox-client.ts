import { once } from "node:events";
import * as http from "node:http";
import { text } from "node:stream/consumers";

/** Raw requests over connections that stay, as programs in a cluster send them. */
export class SandboxClient implements Disposable {
  readonly #url: string;
  readonly #agent = new http.Agent({ keepAlive: true });
  token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.token = token;
  }

  /** @throws Error when it is refused */
  async post(path: string, body: object): Promise<Readonly<Record<string, unknown>>> {
    const content = JSON.stringify(body);
    const request = http.request(new URL(path, this.#url), {
      method: "POST",
      agent: this.#agent,
      headers: { ...this.#headers(), "content-type": "application/json", "content-length": Buffer.byteLength(content) },
    });
    request.end(content);
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    const answer = await text(response);
    if ((response.statusCode ?? 500) >= 300) throw new Error(`${path} answered ${response.statusCode}: ${answer}`);
    return JSON.parse(answer);
  }

  /** Calls back with each chunk of a watch until it is disposed of. */
  async watch(path: string, heard: (chunk: string) => void): Promise<Disposable> {
    const request = http.request(new URL(path, this.#url), { headers: this.#headers(), agent: false });
    request.end();
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    if (response.statusCode !== 200) throw new Error(`${path} answered ${response.statusCode}`);
    request.on("error", () => {}); // it is torn down at the end
    response.setEncoding("utf8").on("data", heard);
    response.on("error", () => {});
    return { [Symbol.dispose]: () => void request.destroy() };
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  #headers() {
    return { authorization: `Bearer ${this.token}` };
  }
}

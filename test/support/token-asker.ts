import { Agent, request as send } from "node:http";
import { text } from "node:stream/consumers";

export type Asked = {
  readonly status: number;
  /** When the request was sent, in monotonic milliseconds. */
  readonly sentAt: number;
  /** The client's end of the connection: equal ones are one connection. */
  readonly localPort: number | undefined;
  readonly accessToken: string | undefined;
};

export type AskerOptions = {
  readonly port: number;
  /** The address that it asks from. */
  readonly from: string;
  readonly path: string;
  /** On one connection that is kept; else on a new one each time. */
  readonly isKept: boolean;
};

/** Asks for a token again and again, each time that the answer before has come, until disposed of. */
export class TokenAsker implements AsyncDisposable {
  readonly answers: Asked[] = [];
  readonly #options: AskerOptions;
  readonly #agent: Agent | false;
  readonly #run: Promise<void>;
  #isOver = false;

  constructor(options: AskerOptions) {
    this.#options = options;
    this.#agent = options.isKept ? new Agent({ keepAlive: true, maxSockets: 1 }) : false;
    this.#run = this.#askOn();
    this.#run.catch(() => {}); // told when it is disposed of
  }

  /** The statuses of the answers so far, each once, in the order in which they first came. */
  get statuses(): readonly number[] {
    return [...new Set(this.answers.map(({ status }) => status))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#run;
    if (this.#agent !== false) this.#agent.destroy();
  }

  async #askOn(): Promise<void> {
    while (!this.#isOver) this.answers.push(await this.#ask());
  }

  #ask(): Promise<Asked> {
    const { port, from, path } = this.#options;
    const sentAt = performance.now();
    const headers = { Metadata: "true" };
    const options = { host: "127.0.0.1", port, path, localAddress: from, agent: this.#agent, headers };
    return new Promise((resolve, reject) => {
      const call = send(options, (response) => {
        const { statusCode: status = 0, socket } = response;
        const { localPort } = socket;
        const take = (body: string) => {
          const { access_token: accessToken } = JSON.parse(body) as { readonly access_token?: string };
          resolve({ status, sentAt, localPort, accessToken });
        };
        text(response).then(take).catch(reject);
      });
      call.once("error", reject).end();
    });
  }
}

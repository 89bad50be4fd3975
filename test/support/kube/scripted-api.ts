import { Fault } from "../../../src/base/fault.ts";
import type { HttpPort, HttpRequest, HttpStream } from "../../../src/kube/http-port.ts";

type Scripted = { readonly status: number; readonly headers?: Record<string, string>; readonly body?: object };
/** Answers a request, now or later; `watch` answers with one that stays open, `gone` breaks the connection. */
export type Script = (request: HttpRequest) => Scripted | "watch" | "gone" | Promise<Scripted | "watch" | "gone">;

/** An API server in the same process, without sockets, that answers as the test says at the time. */
export class ScriptedApi implements HttpPort {
  readonly server = "in here";
  script: Script;
  /** Method and path of every request so far. */
  readonly requests: string[] = [];
  readonly #watches = new Set<ReadableStreamDefaultController<Uint8Array>>();

  constructor(script: Script) {
    this.script = script;
  }

  get watches(): number {
    return this.#watches.size;
  }

  open(request: HttpRequest, signal: AbortSignal): Promise<HttpStream> {
    this.requests.push(`${request.method} ${request.path}`);
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      Promise.resolve(this.script(request)).then((answer) => {
        if (answer === "gone") reject(unreachable());
        else if (answer === "watch") resolve({ status: 200, headers: {}, body: this.#watch(signal) });
        else resolve({ status: answer.status, headers: answer.headers ?? {}, body: bytes(answer.body ?? {}) });
      }, reject);
    });
  }

  /** Sends an event to every watch. */
  send(type: string, object: object): void {
    const line = Buffer.from(`${JSON.stringify({ type, object })}\n`);
    for (const watch of this.#watches) watch.enqueue(line);
  }

  /** Ends every watch: in order, or broken off. */
  end(how: "in order" | "broken off"): void {
    for (const watch of this.#watches) {
      if (how === "in order") watch.close();
      else watch.error(unreachable());
    }
    this.#watches.clear();
  }

  #watch(signal: AbortSignal): AsyncIterable<Uint8Array> {
    const watches = this.#watches;
    let own: ReadableStreamDefaultController<Uint8Array> | undefined;
    const forget = () => own !== undefined && watches.delete(own);
    return new ReadableStream<Uint8Array>({
      start(controller) {
        own = controller;
        watches.add(controller);
        signal.addEventListener("abort", () => forget() && controller.error(signal.reason), { once: true });
      },
      cancel: () => void forget(),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function unreachable(): Fault {
  return new Fault("KUBE_UNREACHABLE", "cannot reach the API server in here (it is away)");
}

async function* bytes(body: object): AsyncGenerator<Uint8Array> {
  yield Buffer.from(JSON.stringify(body));
}

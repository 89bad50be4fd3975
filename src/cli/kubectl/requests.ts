import { text } from "node:stream/consumers";
import type { KubeAccess } from "../../kube/access.ts";
import type { HttpRequest } from "../../kube/http-port.ts";
import { Transport } from "../../kube/transport.ts";
import { asRecord, asText } from "../../kube/wire.ts";

/** What `kubectl` ends with when it is refused: the line that it prints. */
export class KubectlRefusal extends Error {
  override readonly name = "KubectlRefusal";
  readonly status: number;

  constructor(line: string, status = 0) {
    super(line);
    this.status = status;
  }
}

/** Single requests to an API server, refused in the words of `kubectl`. */
export class KubeRequests implements AsyncDisposable {
  readonly #transport: Transport;

  constructor(access: KubeAccess) {
    this.#transport = new Transport(access, "podid");
  }

  /** @throws KubectlRefusal for an answer that is no success, Fault KUBE_* when there is none */
  async text(request: HttpRequest, signal: AbortSignal): Promise<string> {
    const { status, body } = await this.#transport.open(request, signal);
    const answer = await text(body);
    if (status >= 200 && status < 300) return answer;
    const { reason, message } = asRecord(parsed(answer));
    const why = asText(reason);
    throw new KubectlRefusal(`Error from server${why === "" ? "" : ` (${why})`}: ${asText(message) || answer}`, status);
  }

  async json(request: HttpRequest, signal: AbortSignal): Promise<unknown> {
    return JSON.parse(await this.text(request, signal));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#transport[Symbol.asyncDispose]();
  }
}

function parsed(answer: string): unknown {
  try {
    return JSON.parse(answer);
  } catch {
    return undefined; // no Status: the text itself is told
  }
}

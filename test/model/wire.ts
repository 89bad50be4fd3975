import { unreachable } from "../../src/kube/faults.ts";
import type { HttpPort, HttpRequest, HttpStream } from "../../src/kube/http-port.ts";
import type { Answer } from "../../src/sandbox/kube-api/http/message.ts";
import type { Dice } from "./dice.ts";
import { FOLLOWED, type KubeServer, type Watching } from "./kube.ts";
import type { Life } from "./life.ts";
import type { Timeline } from "./timeline.ts";

const BOOKMARK_MS = 60_000;
const encoder = new TextEncoder();

/** What the network and the API server do to requests at present. */
export type KubeTrouble = {
  /** Of how many requests something becomes, from 0 to 1. */
  rate: number;
};
type Mishap = "none" | "lost" | "unanswered" | "late" | 409 | 429 | 500;

type Parts = {
  readonly timeline: Timeline;
  readonly dice: Dice;
  readonly server: KubeServer;
  readonly trouble: KubeTrouble;
  readonly life: Life;
};

/** One program's way to the API server: requests and answers take time, get lost, and outlive the program. */
export class Wire implements HttpPort {
  readonly server = "the API server";
  readonly #parts: Parts;
  /** By resource, up to which revision the program was shown everything. */
  readonly #shown = new Map<string, number>();
  /** Nothing gets through, either way, and nobody says so. */
  isCut = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** What the program may know at this moment. */
  known(): ReadonlyMap<string, number> {
    return new Map(this.#shown);
  }

  open(request: HttpRequest, signal: AbortSignal): Promise<HttpStream> {
    const { timeline, dice, life } = this.#parts;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      const mishap = this.#mishap();
      if (mishap === "lost" || this.isCut) return;
      const back = (answer: () => void) => timeline.in(this.#delayMs(mishap), () => this.isCut || life.reach(answer));
      timeline.in(this.#delayMs(mishap), () => {
        // Of a program that was killed, or has given the request up, some requests are on their way already.
        if (this.isCut || ((life.isOver || signal.aborted) && dice.chance(0.5))) return;
        this.#arrive(request, mishap, signal, {
          resolve: (it) => back(() => resolve(it)),
          hand: resolve,
          reject: (why) => back(() => reject(why)),
        });
      });
    });
  }

  #arrive(request: HttpRequest, mishap: Mishap, signal: AbortSignal, answer: Answering): void {
    const { server } = this.#parts;
    if (server.isDown) return void answer.reject(unreachable(this.server, new Error("connection refused")));
    if (typeof mishap === "number") return void answer.resolve(refused(mishap));
    if (/[?&]watch=true/.test(request.path)) return void this.#watch(request, signal, answer);
    const body = request.body === undefined ? undefined : JSON.parse(request.body);
    const { code, body: said } = server.ask(request.method, request.path, body, request.contentType);
    if (mishap === "unanswered") return void answer.reject(unreachable(this.server, new Error("connection reset")));
    const plural = FOLLOWED.find((one) => new RegExp(`/${one}(\\?|$)`).test(request.path));
    const isList = request.method === "GET" && plural !== undefined && code === 200;
    const version = isList ? Number((said.metadata as { resourceVersion: string }).resourceVersion) : 0;
    const shown = isList ? () => this.#show(plural, version) : undefined;
    answer.resolve(whole({ code, body: said }, shown));
  }

  #watch({ path }: HttpRequest, signal: AbortSignal, answer: Answering): void {
    const { timeline, dice, server, life } = this.#parts;
    const events = new Events(signal);
    let last = timeline.now;
    let plural = "";
    let isDead = false;
    const broken = () => events.fail(unreachable(this.server, new Error("the watch broke off")));
    /** In the order in which it was sent. What is lost takes all that follows with it, and perhaps nobody says so. */
    const send = (deliver: () => void) => {
      last = Math.max(last + 0.001, timeline.now + this.#delayMs("none")); // no two at once: lots would be drawn
      timeline.in(last - timeline.now, () => {
        if (!isDead && !this.isCut) return life.reach(deliver);
        if (!isDead && dice.chance(0.5)) timeline.in(dice.between(100, 60_000), () => life.reach(broken));
        isDead = true;
      });
    };
    let marking = () => {};
    let begin: HttpStream | undefined;
    send(() => void (begin !== undefined && answer.hand(begin))); // what happens next is told after this
    const watching = server.watch(path, {
      send: (line, revision) =>
        send(() => {
          if (events.isOver) return;
          this.#show(plural, revision);
          events.push(encoder.encode(line));
        }),
      breakOff: () => {
        marking();
        send(broken);
      },
    });
    if ("code" in watching) {
      begin = whole(watching);
      return;
    }
    plural = watching.plural;
    marking = this.#marks(watching, events, life);
    signal.addEventListener("abort", () => end(watching, marking), { once: true });
    begin = { status: 200, headers: {}, body: events };
  }

  #marks(watching: Watching, events: Events, life: Life): () => void {
    const { timeline } = this.#parts;
    let callOff = () => {};
    const next = () => {
      callOff = timeline.in(BOOKMARK_MS, () => {
        if (life.isOver || events.isOver) return void watching.stop();
        if (!this.isCut) watching.mark();
        next();
      });
    };
    next();
    return () => callOff();
  }

  #show(plural: string, revision: number): void {
    this.#shown.set(plural, Math.max(revision, this.#shown.get(plural) ?? 0));
  }

  #mishap(): Mishap {
    const { dice, trouble } = this.#parts;
    if (!dice.chance(trouble.rate)) return "none";
    return dice.pick<Mishap>(["lost", "unanswered", "unanswered", "late", "late", 409, 429, 500]);
  }

  #delayMs(mishap: Mishap): number {
    const { dice } = this.#parts;
    return mishap === "late" ? dice.between(100, 12_000) : dice.between(1, 20);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

type Answering = {
  readonly resolve: (stream: HttpStream) => void;
  readonly reject: (reason: unknown) => void;
  /** As `resolve`, but at once: it has had its way already. */
  readonly hand: (stream: HttpStream) => void;
};

function end(watching: Watching, marking: () => void): void {
  watching.stop();
  marking();
}

/** An answer in one piece; `onRead` is called when it is read. */
function whole({ code, body }: Answer, onRead = (): void => {}): HttpStream {
  async function* pieces() {
    onRead();
    yield encoder.encode(JSON.stringify(body));
  }
  return { status: code, headers: {}, body: pieces() };
}

function refused(code: number): HttpStream {
  const body = { kind: "Status", apiVersion: "v1", status: "Failure", message: "trouble", code };
  const stream = whole({ code, body });
  return code === 429 ? { ...stream, headers: { "retry-after": "1" } } : stream;
}

/** The body of a watch: what was pushed, until it fails or the reader leaves. */
class Events implements AsyncIterable<Uint8Array> {
  readonly #waiting: Uint8Array[] = [];
  #news = Promise.withResolvers<void>();
  #failure: { readonly reason: unknown } | undefined;
  isOver = false;

  constructor(signal: AbortSignal) {
    signal.addEventListener("abort", () => this.fail(signal.reason), { once: true });
  }

  push(piece: Uint8Array): void {
    this.#waiting.push(piece);
    this.#news.resolve();
  }

  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.isOver = true;
    this.#news.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        yield next;
        continue;
      }
      if (this.#failure !== undefined) throw this.#failure.reason;
      await this.#news.promise;
      this.#news = Promise.withResolvers();
    }
  }
}

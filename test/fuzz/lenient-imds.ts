import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

/** A request as it arrived; `leftOver` is what came after it on its connection, where nothing belongs. */
export type Arrived = {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly leftOver: string;
};

/**
 * A metadata service that takes whatever it can make sense of, as one behind careless proxies would: lines may end in
 * any way, and a target stands for all that can be read into it. It notes each request, gives tokens of the client IDs
 * that it knows, and tells of any other request what it was.
 */
export class LenientImds implements AsyncDisposable {
  readonly #server: Server;
  readonly #clientIds: readonly string[];
  readonly #sockets = new Set<Socket>();
  #arrived: Arrived[] = [];

  static async start(clientIds: readonly string[]): Promise<LenientImds> {
    const imds = new LenientImds(clientIds);
    await new Promise<void>((resolve) => imds.#server.listen(0, "127.0.0.1", resolve));
    return imds;
  }

  private constructor(clientIds: readonly string[]) {
    this.#clientIds = clientIds;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** What arrived since it was last asked. */
  take(): readonly Arrived[] {
    const taken = this.#arrived;
    this.#arrived = [];
    return taken;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let text = "";
    let request: Arrived | undefined;
    socket.setEncoding("latin1");
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("data", (more: string) => {
      text += more;
      if (request !== undefined) return this.#note({ leftOver: more });
      request = read(text);
      if (request === undefined) return;
      this.#note(request);
      socket.end(this.#answer(request), "latin1");
    });
    socket.on("end", () => {
      if (request === undefined && text !== "") this.#note({ leftOver: text });
      socket.end();
    });
  }

  #note(seen: Partial<Arrived>): void {
    this.#arrived.push({ method: "", target: "", headers: [], leftOver: "", ...seen });
  }

  #answer({ method, target }: Arrived): string {
    const isToken = lenientPath(target).endsWith("/identity/oauth2/token");
    const [status, body] = isToken ? this.#token(target) : [200, { asked: target }];
    const text = JSON.stringify(body);
    const head = `HTTP/1.1 ${status} Told\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n`;
    return `${head}Connection: close\r\n\r\n${method === "HEAD" ? "" : text}`;
  }

  #token(target: string): readonly [number, object] {
    const query = new URLSearchParams(target.split("?").slice(1).join("?"));
    const clientId = this.#clientIds.find((id) => id === query.get("client_id"));
    if (clientId === undefined) return [400, { error: "invalid_request", error_description: "Identity not found" }];
    const lifetimeSeconds = 24 * 60 * 60;
    const expires_on = String(Math.floor(Date.now() / 1000) + lifetimeSeconds);
    return [
      200,
      { access_token: `token-of-${clientId}`, client_id: clientId, expires_on, expires_in: String(lifetimeSeconds) },
    ];
  }
}

/** The request that the text holds; undefined while it is not whole. */
function read(text: string): Arrived | undefined {
  const end = /\r?\n\r?\n/.exec(text);
  if (end === null) return undefined;
  const [first = "", ...lines] = text.slice(0, end.index).split(/\r?\n/);
  const [method = "", ...rest] = first.split(" ");
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  const length = Number(headers.find(([name]) => name === "content-length")?.[1] ?? 0);
  const body = text.slice(end.index + end[0].length);
  if (body.length < length) return undefined;
  return { method, target: rest.slice(0, -1).join(" "), headers, leftOver: body.slice(length) };
}

/** The path of a target as the most lenient server might read it. */
export function lenientPath(target: string): string {
  let text = target.replace(/^[a-z][a-z0-9+.-]*:\/*[^/\\]*/i, "").split("?")[0] ?? "";
  for (let before = ""; before !== text; ) {
    before = text;
    text = decodeOnce(text);
  }
  const segments: string[] = [];
  for (const segment of text.toLowerCase().split(/[/\\]+/)) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  return `/${segments.join("/")}`;
}

/** Percent-encoding of single bytes and of code units, and letters in more bytes than they need. */
function decodeOnce(text: string): string {
  const char = (hex: string) => String.fromCharCode(Number.parseInt(hex, 16) & 0xff);
  return text
    .replace(/%u00([0-9a-f]{2})/gi, (_, hex: string) => char(hex))
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => char(hex))
    .replace(/(?:\xe0([\x80\x81])|([\xc0\xc1]))([\x80-\xbf])/g, (_, long: string, short: string, last: string) => {
      const high = (long ?? short).charCodeAt(0) & 1;
      return String.fromCharCode((high << 6) | (last.charCodeAt(0) & 0x3f));
    })
    .replaceAll("\0", "");
}

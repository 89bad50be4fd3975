import fc from "fast-check";
import { callers } from "./callers.ts";
import { ELSEWHERE, pathTargets, TOKEN_PATH, wildTargets } from "./targets.ts";

/** What a request is and how it has to be answered: `plain` ones as ever, `sound` ones once, `wild` ones if at all. */
export type Piece = {
  readonly kind: "token" | "document" | "sound" | "wild";
  readonly method: string;
  /** As on the wire, a character a byte. */
  readonly bytes: string;
};
/** One connection: requests in a row, cut into parts that are sent one by one. */
export type Connection = {
  readonly caller: number;
  readonly pieces: readonly Piece[];
  /** Where the bytes are cut, in thousandths of their length. */
  readonly cuts: readonly number[];
  readonly isBroken: boolean;
};

const headerLines = (lines: readonly string[]) => lines.map((line) => `${line}\r\n`).join("");
const request = (method: string, target: string, lines: readonly string[]) =>
  `${method} ${target} HTTP/1.1\r\n${headerLines(lines)}\r\n`;
const usual = ["Host: 169.254.169.254", "Metadata: true"];

/** What an application asks. */
export const plainToken: Piece = {
  kind: "token",
  method: "GET",
  bytes: request("GET", `${TOKEN_PATH}?api-version=2018-02-01&resource=https://vault.azure.net`, usual),
};
/** The metadata service tells its target, and so this number. */
export function plainDocument(mark: number): Piece {
  return { kind: "document", method: "GET", bytes: request("GET", `/metadata/instance?mark=${mark}`, usual) };
}

const visibleText = fc.string({ maxLength: 20 }).map((text) => text.replace(/[^\x21-\x7e]/g, "."));
const soundHeaders = fc.oneof(
  { weight: 6, arbitrary: fc.constant("Metadata: true") },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...[
        "Metadata: True",
        "Metadata: false",
        "metadata:true",
        "METADATA:  true  ",
        "Metadata:",
        "X-Forwarded-For: 10.0.0.1",
      ],
      ...[`Host: 127.0.0.1:${ELSEWHERE}`, "Host: 127.0.0.1", "X-Forwarded-Host: x", "Forwarded: for=127.0.0.1"],
      ...[
        `X-Original-URL: ${TOKEN_PATH}`,
        `X-Rewrite-URL: ${TOKEN_PATH}`,
        "X-HTTP-Method-Override: POST",
        "Via: 1.1 x",
      ],
      ...[
        "podns: default",
        "podname: web",
        "podname: shop",
        "X-Real-IP: 127.77.0.2",
        "Accept: text/html",
        "Cookie: a=b",
      ],
      ...["User-Agent: a\xe9\xff", "User-Agent: a\tb", "Accept: \x80", "Content-Type: a\xffb", "Content-Length: 0"],
      ...["TE: trailers", "Connection: keep-alive", "Connection: metadata, host", "Trailer: x"],
    ),
  },
  { weight: 1, arbitrary: visibleText.map((value) => `X-${"y".repeat(value.length)}: ${value}`) },
);
const soundMethods = fc.oneof(
  { weight: 12, arbitrary: fc.constant("GET") },
  {
    weight: 4,
    arbitrary: fc.constantFrom("HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "QUERY"),
  },
);
const soundRequest = fc
  .record({
    method: soundMethods,
    target: pathTargets,
    lines: fc.array(soundHeaders, { maxLength: 5 }),
    body: visibleText,
  })
  .map<Piece>(({ method, target, lines, body }) => {
    const [first = ""] = lines.filter((line) => line.startsWith("Content-Length"));
    const own = lines.filter((line) => !/^(Content-Length|Host)/.test(line) && !(line === "Trailer: x"));
    const host = lines.find((line) => line.startsWith("Host")) ?? "Host: x";
    const hasBody = !["GET", "HEAD", "TRACE"].includes(method);
    const length = hasBody ? [`Content-Length: ${body.length}`] : [first].filter((line) => line !== "");
    return {
      kind: "sound",
      method,
      bytes: `${request(method, target, [host, ...own, ...length])}${hasBody ? body : ""}`,
    };
  });

/** A request within what another takes for its body, or for the rest of something broken. */
const hidden = `GET ${TOKEN_PATH}?resource=hidden HTTP/1.1\r\nHost: x\r\nMetadata: true\r\n\r\n`;
const wildHeaders = fc.oneof(
  { weight: 3, arbitrary: soundHeaders },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...[
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding:\tchunked",
      ],
      ...[
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: chunked, identity",
        " Transfer-Encoding: chunked",
      ],
      ...[
        "Content-Length: 5",
        "Content-Length: 4096",
        "Content-Length: +5",
        "Content-Length: -1",
        "Content-Length: 5, 5",
        "Content-Length: 0x5",
      ],
      ...[
        "Content-Length: 99999999999999999999",
        "Content-Length : 5",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length:\x0b5",
      ],
      ...[
        "Expect: 100-continue",
        "Expect: 200-maybe",
        "Upgrade: websocket\r\nConnection: upgrade",
        "Upgrade: h2c",
        "Connection: close",
        "Proxy-Connection: close",
      ],
      ...[
        "Connection: transfer-encoding",
        "HTTP2-Settings: AAMAAABkAAQAAP__",
        "no colon",
        ": no name",
        "a b: c",
        "X:\0",
        "X: \x01",
      ],
      ...[
        "X: a\n b",
        "X: a\r b",
        "\tX: folded",
        "X: \nMetadata: true",
        "User-Agent: a\x7fb",
        "Accept: a\x7f",
        "Metadata: true\r\nMetadata: true",
      ],
    ),
  },
  { weight: 1, arbitrary: fc.nat(30_000).map((length) => `X: ${"y".repeat(length)}`) },
);
const bodies = fc.oneof(
  fc.constantFrom(
    "",
    "hello",
    hidden,
    `0\r\n\r\n${hidden}`,
    `5\r\nhello\r\n0\r\n\r\n`,
    `5\r\nhello\r\n0\r\n\r\n${hidden}`,
  ),
  fc.constantFrom(
    `5;x="\r\n${hidden}`,
    "ffffffffffffffff\r\n",
    "-5\r\nhello",
    "5\nhello\n0\n\n",
    "5\r\nhello0\r\n\r\n",
    `0\r\nX: y\r\n\r\n${hidden}`,
  ),
  fc.nat(100_000).map((length) => "z".repeat(length)),
);
const wildMethods = fc.constantFrom(
  ...[
    "GET",
    "GET",
    "GET",
    "POST",
    "POST",
    "CONNECT",
    "get",
    "PRI",
    "G\tET",
    "\r\nGET",
    "",
    "SOURCE",
    "M-SEARCH",
    "FOO",
    "GET GET",
  ],
);
const versions = fc.constantFrom(
  ...[
    "HTTP/1.1",
    "HTTP/1.1",
    "HTTP/1.1",
    "HTTP/1.0",
    "HTTP/2.0",
    "HTTP/0.9",
    "http/1.1",
    "HTTP/1.1 ",
    "HTTP/1",
    "ICE/1.0",
    "RTSP/1.0",
    "",
  ],
);
const wildRequest = fc
  .record({
    method: wildMethods,
    target: fc.oneof(pathTargets, wildTargets),
    version: versions,
    lines: fc.array(wildHeaders, { maxLength: 5 }),
    end: fc.constantFrom("\r\n", "\r\n", "\r\n", "\n", "\r"),
    body: bodies,
    kept: fc.oneof({ weight: 3, arbitrary: fc.constant(1_000) }, { weight: 1, arbitrary: fc.nat(1_000) }),
  })
  .map<Piece>(({ method, target, version, lines, end, body, kept }) => {
    const whole = `${method} ${target} ${version}${end}${lines.map((line) => `${line}${end}`).join("")}${end}${body}`;
    return { kind: "wild", method, bytes: whole.slice(0, Math.ceil((whole.length * kept) / 1_000)) };
  });
const noise = fc
  .array(fc.nat(255), { maxLength: 64 })
  .map<Piece>((codes) => ({ kind: "wild", method: "", bytes: String.fromCharCode(...codes) }));

const orderly = fc.oneof(
  { weight: 1, arbitrary: fc.constant(plainToken) },
  { weight: 1, arbitrary: fc.nat(1_000_000).map(plainDocument) },
  { weight: 6, arbitrary: soundRequest },
);
const disorderly = fc.oneof({ weight: 12, arbitrary: wildRequest }, { weight: 1, arbitrary: noise });

/** Requests in order, and perhaps one at the end that is none. */
export const connections = fc
  .record({
    caller: fc.oneof(...callers.map(({ share }, i) => ({ weight: share, arbitrary: fc.constant(i) }))),
    orderly: fc.array(orderly, { maxLength: 8, size: "max" }),
    disorderly: fc.option(disorderly, { freq: 2 }),
    cuts: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(fc.nat(1_000), { maxLength: 6 }) },
    ),
    isBroken: fc.nat(15).map((n) => n === 1),
  })
  .map<Connection>(({ orderly, disorderly, ...rest }) => ({
    ...rest,
    pieces: disorderly === null ? orderly : [...orderly, disorderly],
  }));

/** The last request of each connection; whoever answers it closes. */
export const goodbye = request("GET", "/metadata/instance?mark=goodbye", [...usual, "Connection: close"]);

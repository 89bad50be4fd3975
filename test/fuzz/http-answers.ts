export type HttpAnswer = {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  readonly isLast: boolean;
};
/** `left` is what stands behind the last whole answer. */
type Answers = { readonly answers: readonly HttpAnswer[]; readonly left: string; readonly problem?: string };

const HEAD_LINE = /^HTTP\/1\.1 ([1-5]\d\d) [\x20-\x7e]+$/;
const HEADER_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)$/;
/** One that is no answer yet. */
const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";

/**
 * Reads all that a server has sent as the strictest client would. @param methods of the requests in their order: an
 * answer to HEAD has no body; those beyond count as GET
 */
export function readAnswers(bytes: string, methods: readonly string[]): Answers {
  const answers: HttpAnswer[] = [];
  let left = bytes;
  for (;;) {
    while (left.startsWith(CONTINUE)) left = left.slice(CONTINUE.length);
    if (left === "") return { answers, left };
    if (answers.at(-1)?.isLast) return { answers, left, problem: "something comes after the answer that is the last" };
    const one = readAnswer(left, methods[answers.length] ?? "GET");
    if (typeof one === "string") return { answers, left, problem: one };
    if (one === undefined) return { answers, left };
    answers.push(one.answer);
    left = one.left;
  }
}

/** Undefined for a part of an answer; a sentence for none. */
function readAnswer(
  text: string,
  method: string,
): { readonly answer: HttpAnswer; readonly left: string } | string | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const [, status] = HEAD_LINE.exec(first) ?? [];
  if (status === undefined) return `not the first line of an answer: ${JSON.stringify(first)}`;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name = "", value = ""] = HEADER_LINE.exec(line) ?? [];
    if (name === "" || headers.has(name.toLowerCase())) return `not a header, or a second one: ${JSON.stringify(line)}`;
    headers.set(name.toLowerCase(), value);
  }
  const length = method === "HEAD" ? "0" : headers.get("content-length");
  if (headers.has("transfer-encoding") || length === undefined || !/^\d+$/.test(length))
    return "an answer of no length";
  const body = text.slice(end + 4, end + 4 + Number(length));
  if (body.length < Number(length)) return undefined;
  const isLast = headers.get("connection") === "close";
  return { answer: { status: Number(status), headers, body, isLast }, left: text.slice(end + 4 + body.length) };
}

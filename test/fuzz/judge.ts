import { answers as table } from "../../src/nmi/routes/answers.ts";
import { type Caller, callers, clientIds } from "./callers.ts";
import { type Exchange, isSound } from "./exchange.ts";
import { type HttpAnswer, readAnswers } from "./http-answers.ts";
import { type Arrived, lenientPath } from "./lenient-imds.ts";
import type { Piece } from "./requests.ts";
import { TOKEN_PATH } from "./targets.ts";

/** 500 is a defect of ours, 499 is read by nobody. */
const statuses = new Set<number>(
  [200, ...Object.values(table).map(({ status }) => status)].filter((one) => one < 499 || one > 500),
);
const passedOn = new Set(["host", "connection", "metadata", "user-agent", "accept", "content-type", "content-length"]);

/** What is wrong with what came back on a connection, as sentences. */
export function wrongAnswers({ connection, received, end }: Exchange): readonly string[] {
  const caller: Caller | undefined = callers[connection.caller];
  const problems = wrongTokens(received, caller);
  if (connection.isBroken) return problems;
  const { pieces } = connection;
  const { answers, left, problem } = readAnswers(
    received,
    pieces.map(({ method }) => method),
  );
  if (problem !== undefined) problems.push(problem);
  else if (left !== "" && end === "closed") problems.push(`half an answer: ${JSON.stringify(left)}`);
  if (end === "never") problems.push("the connection is neither answered nor closed");
  const most = pieces.length + 1 + (received === "" ? 0 : hiddenIn(pieces));
  if (answers.length > most) problems.push(`${answers.length} answers to at most ${most} requests`);
  if (isSound(connection) && (answers.length !== pieces.length + 1 || end !== "closed"))
    problems.push(`${answers.length} answers to ${pieces.length + 1} requests, and the end is ${end}`);
  for (const [i, answer] of answers.entries()) problems.push(...wrongAnswer(answer, pieces[i], caller));
  return problems;
}

/** How many requests a reader may find in those that are none. */
function hiddenIn(pieces: readonly Piece[]): number {
  return pieces.filter(({ kind }) => kind === "wild").reduce((sum, { bytes }) => sum + bytes.split(/\n|\r/).length, 0);
}

function wrongTokens(received: string, caller: Caller | undefined): string[] {
  const isOwn = (clientId: string) => clientId === caller?.clientId || caller?.isTrusted === true;
  const others = clientIds.filter((clientId) => !isOwn(clientId) && received.includes(`token-of-${clientId}`));
  return others.map((clientId) => `${caller?.name} got the token of ${clientId}`);
}

function wrongAnswer(
  { status, headers, body }: HttpAnswer,
  piece: Piece | undefined,
  caller: Caller | undefined,
): string[] {
  const problems = statuses.has(status) ? [] : [`the status ${status}, which is not in the table of answers`];
  if (!headers.get("content-type")?.startsWith("application/json"))
    problems.push("an answer that is not JSON by its type");
  if (piece?.method !== "HEAD" && !isJson(body)) problems.push(`a body that is no JSON: ${JSON.stringify(body)}`);
  if (status === 503 && caller?.status !== 503) problems.push(`a refusal for no reason: ${body}`);
  if (piece?.kind === "token" && status !== caller?.status) problems.push(`${status} for a plain token request`);
  if (piece?.kind === "token" && !body.includes(caller?.clientId ?? "")) problems.push(`no token of its own: ${body}`);
  if (piece?.kind === "document" && !(status === 200 && body.includes(/mark=\d+/.exec(piece.bytes)?.[0] ?? "?")))
    problems.push(`${status} ${body} for a plain document`);
  return problems;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What is wrong with what arrived at the metadata service while only these callers asked. */
export function wrongArrivals(
  arrived: readonly Arrived[],
  asking: ReadonlySet<number>,
  port: number,
): readonly string[] {
  const known = [...asking].flatMap((i): Caller[] => [callers[i] ?? []].flat());
  return arrived.flatMap((request) => {
    const why = wrongArrival(request, port) ?? wrongWish(request, known);
    return why === undefined ? [] : [`${why}: ${JSON.stringify(request)}`];
  });
}

function wrongArrival({ target, headers, leftOver }: Arrived, port: number): string | undefined {
  if (leftOver !== "") return "more than a request arrived";
  if (!target.startsWith("/metadata/")) return "a target arrived that is none of the metadata service's";
  const names = headers.map(([name]) => name);
  if (new Set(names).size < names.length || names.some((name) => !passedOn.has(name))) return "wrong headers arrived";
  const isOther = headers.find(([name]) => name === "host")?.[1] !== `127.0.0.1:${port}`;
  return isOther ? "another host was asked for" : undefined;
}

/** What nobody of the callers may ask. Who is excepted may ask anything. */
function wrongWish({ method, target }: Arrived, known: readonly Caller[]): string | undefined {
  if (known.some(({ name }) => name === "excepted")) return undefined;
  if (method !== "GET" && method !== "HEAD") return "a method arrived that changes something";
  if (!lenientPath(target).includes("identity")) return undefined;
  const [path, query] = target.split("?");
  const ids = new URLSearchParams(query).getAll("client_id");
  const isOwn = known.some(({ clientId, isTrusted }) => isTrusted || clientId === ids[0]);
  return method === "GET" && path === TOKEN_PATH && ids.length === 1 && isOwn
    ? undefined
    : "the metadata service was asked for an identity";
}

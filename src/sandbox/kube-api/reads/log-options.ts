import { isTrue } from "../http/query.ts";
import { badRequest, unsupported } from "../status.ts";

/** What of a container's output a client wants. */
export type LogOptions = {
  /** Empty for the only one. */
  readonly container: string;
  readonly follows: boolean;
  /** Undefined for all. */
  readonly tailLines: number | undefined;
  readonly limitBytes: number | undefined;
  /** Milliseconds since 1970: nothing that was printed before; undefined for all. */
  readonly since: number | undefined;
  /** The output of the run before this one. */
  readonly isPrevious: boolean;
};

/** Reads the query of a pod's log. @throws StatusError */
export function readLogOptions(query: URLSearchParams, now: number): LogOptions {
  if (isTrue(query.get("timestamps"))) {
    throw unsupported("times of lines (--timestamps): the nodes keep what is printed, not when");
  }
  const seconds = countIn(query, "sinceSeconds");
  const time = query.get("sinceTime") ? Date.parse(query.get("sinceTime") ?? "") : undefined;
  return {
    container: query.get("container") ?? "",
    follows: isTrue(query.get("follow")),
    tailLines: countIn(query, "tailLines"),
    limitBytes: countIn(query, "limitBytes"),
    since: seconds === undefined ? time : now - seconds * 1000,
    isPrevious: isTrue(query.get("previous")),
  };
}

function countIn(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** The last lines of a text; what follows the last line's end is a line too. */
export function lastLines(text: string, count: number | undefined): string {
  if (count === undefined) return text;
  const lines = text.split(/(?<=\n)/);
  return count === 0 ? "" : lines.slice(-count).join("");
}

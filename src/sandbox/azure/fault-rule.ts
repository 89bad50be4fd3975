import { Fault } from "../../base/fault.ts";
import { type Failure, type Operation, operations } from "./operations.ts";

/** Trouble to make: at which calls, what, and how often. */
export type FaultRule = {
  /** An operation, or a pattern such as `imds.*`. */
  readonly at: string;
  readonly delayMs?: number;
  readonly failure?: Failure;
  /** How many calls it strikes; all of them when absent. */
  readonly times?: number;
  /** How many calls it lets pass before. */
  readonly after?: number;
};

const SYNTAX = "OPERATION=delay:2s | error:STATUS | throttle | drop, then ,times=N ,after=N ,retry-after=SECONDS";

/** Of operations, where one is not known. */
const MOST_TOLD = 5;

/** Whether a rule is about an operation. */
export function isAbout({ at }: FaultRule, operation: Operation): boolean {
  if (at.endsWith("*")) return operation.startsWith(at.slice(0, -1));
  return operation === at;
}

/**
 * Reads a rule of some services, of all by default, as it is written on a command line, e.g. `imds.token=error:503,times=3` or `arm.*=delay:2s`.
 * @throws Fault FLAG_INVALID
 */
export function readFaultRule(text: string, services?: readonly string[]): FaultRule {
  const cut = text.indexOf("=");
  const at = cut < 0 ? text : text.slice(0, cut);
  const [action = "", ...rest] = cut < 0 ? [] : text.slice(cut + 1).split(",");
  const about = operations.filter((operation) => isAbout({ at }, operation));
  if (about.length === 0) throw invalid(text, `no operation is "${at}"${alike(at)}`);
  if (services !== undefined && !about.some((operation) => services.includes(operation.split(".")[0] ?? "")))
    throw invalid(text, `no operation of what runs (${services.join(", ")}) is "${at}"`);
  const more = Object.fromEntries(rest.map((part) => setting(text, part)));
  const { times, after } = more;
  const counts = { ...(times !== undefined && { times }), ...(after !== undefined && { after }) };
  return { at, ...effectOf(text, action, more["retry-after"]), ...counts };
}

/** Operations that begin as it does, as far as any does. */
function alike(at: string): string {
  for (let length = at.length; length > 0; length -= 1) {
    const found = operations.filter((operation) => operation.startsWith(at.slice(0, length)));
    if (found.length > 0)
      return `, but ${found.slice(0, MOST_TOLD).join(", ")}${found.length > MOST_TOLD ? ", …" : ""}`;
  }
  return "";
}

function setting(text: string, part: string): readonly [string, number] {
  const [, name, digits] = /^(times|after|retry-after)=(\d+)$/.exec(part) ?? [];
  if (name === undefined) throw invalid(text, `"${part}" is no setting`);
  if (name === "times" && Number(digits) === 0) throw invalid(text, `"${part}" strikes no call`);
  return [name, Number(digits)];
}

function effectOf(
  text: string,
  action: string,
  retryAfter: number | undefined,
): Pick<FaultRule, "delayMs" | "failure"> {
  if (action === "drop") return { failure: "connection closed" };
  if (action === "throttle") return { failure: failureOf(429, retryAfter) };
  const [, status] = /^error:([45]\d\d)$/.exec(action) ?? [];
  if (status !== undefined) return { failure: failureOf(Number(status), retryAfter) };
  const [, count, unit] = /^delay:(\d+)(ms|s)$/.exec(action) ?? [];
  if (count !== undefined) return { delayMs: Number(count) * (unit === "s" ? 1000 : 1) };
  throw invalid(text, `"${action}" is nothing that can be done`);
}

function failureOf(status: number, retryAfterSeconds: number | undefined): Failure {
  const message = "This trouble was made on purpose.";
  return { status, message, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
}

function invalid(text: string, why: string): Fault {
  return new Fault("FLAG_INVALID", `the fault "${text}" cannot be read: ${why}; write ${SYNTAX}`);
}

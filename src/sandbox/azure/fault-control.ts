import { Fault } from "../../base/fault.ts";
import { readFaultRule } from "./fault-rule.ts";
import { operations } from "./operations.ts";
import type { Traffic } from "./traffic.ts";

type Asked = { readonly method: string; readonly body: string };
type Answer = {
  readonly status: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Where an emulator that runs takes rules of trouble; Azure has nothing there. */
export const CONTROL_PATH = "/.podid/faults";

/** POST adds the rules of the body, one a line, of services that run; DELETE takes all back; GET tells how many calls there were of what. */
export function controlAnswer(traffic: Traffic, services: readonly string[], { method, body }: Asked): Answer {
  if (method === "GET") {
    const calls = operations.map((operation) => [operation, traffic.calls(operation)] as const);
    return { status: 200, json: { calls: Object.fromEntries(calls.filter(([, count]) => count > 0)) } };
  }
  if (method === "DELETE") traffic.calm();
  else if (method !== "POST") return { status: 405, headers: { allow: "GET, POST, DELETE" } };
  else return add(traffic, services, body);
  return { status: 204 };
}

function add(traffic: Traffic, services: readonly string[], body: string): Answer {
  try {
    const lines = body.split("\n").map((line) => line.trim());
    const rules = lines.filter((line) => line !== "").map((line) => readFaultRule(line, services));
    for (const rule of rules) traffic.inject(rule);
    return { status: 204 };
  } catch (reason) {
    if (Fault.is(reason, "FLAG_INVALID")) return { status: 400, text: `${reason.message}\n` };
    throw reason;
  }
}

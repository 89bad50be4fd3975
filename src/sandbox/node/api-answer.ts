import type * as http from "node:http";
import { Fault, type FaultCode } from "../../base/fault.ts";

const CODES: Readonly<Record<number, FaultCode>> = {
  401: "KUBE_UNAUTHORIZED",
  403: "KUBE_FORBIDDEN",
  404: "KUBE_NOT_FOUND",
  409: "KUBE_CONFLICT",
  410: "KUBE_GONE",
  422: "KUBE_INVALID",
  429: "KUBE_THROTTLED",
};

/** What the API server refused, as a Fault of the KUBE_ kind. */
export function refusal(status: number, answer: string, what: string): Fault {
  const message = `the Kubernetes API server answered ${status} to ${what}: ${messageOf(answer)}`;
  return new Fault(CODES[status] ?? "KUBE_ERROR", message, { facts: { status } });
}

/** The sentence of a Status object, or the text itself when it is none. */
function messageOf(answer: string): string {
  try {
    return JSON.parse(answer).message ?? answer;
  } catch {
    return answer;
  }
}

/** What a watch sends, line by line. */
export async function* linesOf(response: http.IncomingMessage): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of response.setEncoding("utf8")) {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield line;
  }
}

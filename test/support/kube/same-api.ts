import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import { text } from "node:stream/consumers";

/** An API server for raw requests. */
export type RawApi = { readonly url: string; readonly ca?: string; readonly token: string };

/** One request; `NS` in path and body stands for the test's own namespace. */
export type Ask = {
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Null: nobody's. */
  readonly token?: string | null;
  /** Asked again until it is answered 200: a custom resource is there a moment after its definition. */
  readonly isAwaited?: boolean;
};
export type Told = { readonly code: number; readonly warnings: readonly string[]; readonly body: unknown };

/** Sends one request as it stands. A POST where there is a body and no method. */
export async function ask(api: RawApi, { method, path, body, type, headers, token }: Ask): Promise<Told> {
  const content = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  const bearer = token === undefined ? api.token : token;
  const send = api.url.startsWith("https:") ? https.request : http.request;
  const request = send(new URL(path, api.url), {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: {
      "content-type": type ?? "application/json",
      "content-length": Buffer.byteLength(content),
      ...(bearer !== null && { authorization: `Bearer ${bearer}` }),
      ...(headers as http.OutgoingHttpHeaders),
    },
    ...(api.ca !== undefined && { ca: api.ca }),
    agent: false,
  });
  request.end(content);
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  const answer = await text(response);
  const warnings = response.headersDistinct.warning ?? [];
  return { code: response.statusCode ?? 0, warnings, body: parsed(answer) };
}

function parsed(answer: string): unknown {
  try {
    return JSON.parse(answer);
  } catch {
    return answer.trim();
  }
}

/** Lists that the real server gives in any order. */
const UNORDERED: ReadonlySet<string> = new Set(["resourceRules", "nonResourceRules"]);

function inOrder(name: string, value: unknown): unknown {
  if (!Array.isArray(value) || !UNORDERED.has(name)) return value;
  return value.map((item) => JSON.stringify(item)).sort();
}

const VARIABLE: Readonly<Record<string, string>> = {
  uid: "UID",
  resourceVersion: "VERSION",
  token: "TOKEN",
  expirationTimestamp: "TIME",
  creationTimestamp: "TIME",
  deletionTimestamp: "TIME",
  lastTransitionTime: "TIME",
};

/** An answer without what differs from server to server and from minute to minute. */
export function normal(value: unknown, namespace: string): unknown {
  if (Array.isArray(value)) return value.map((item) => normal(item, namespace));
  if (typeof value === "string") {
    return value
      .replaceAll(namespace, "NS")
      .replace(/(patch: )?Invalid value: "\{.*\}":/, "$1Invalid value: OBJECT:")
      .replace(/Invalid value: \{.*"[sS]pec":\{.*\}: field is immutable/, "Invalid value: OBJECT: field is immutable")
      .replace(/(allow it to be set to 1 if it was previously negative\))\n.*/s, "$1")
      .replace(/in record \(\d+\)/, "in record (VERSION)")
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "UUID");
  }
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => name !== "managedFields");
  return Object.fromEntries(
    kept.map(([name, item]) => [
      name,
      typeof item === "string" && name in VARIABLE ? VARIABLE[name] : inOrder(name, normal(item, namespace)),
    ]),
  );
}

import type { IncomingHttpHeaders } from "node:http";
import type { Log } from "../../base/log.ts";

type Asked = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

/** What became of a request; no status where the connection was closed instead. */
export type Outcome = { readonly status?: number; readonly reason?: string };

/** Parameters of a query or form that tell what was asked for. Any other may hold a secret: it is not told. */
const TOLD = [
  ...["api-version", "client_id", "object_id", "mi_res_id", "msi_res_id", "resource"],
  ...["grant_type", "scope", "format", "$filter"],
];

/** Tells whoever tests a program what it asked for, and why it did not get it. */
export function tellRequest(
  log: Log,
  { method, path, query, body, headers }: Asked,
  { status, reason }: Outcome,
): void {
  const isForm = headers["content-type"]?.startsWith("application/x-www-form-urlencoded") ?? false;
  const given = [query, new URLSearchParams(isForm ? body : "")];
  const told = TOLD.map((name) => [name, given.find((one) => one.has(name))?.get(name) ?? undefined] as const);
  const facts = { status, reason, method, path, ...Object.fromEntries(told) };
  if (reason === undefined) log.info("answered", facts);
  else log.warn(status === undefined ? "closed without an answer" : "refused", facts);
}

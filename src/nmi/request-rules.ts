import { Fault } from "../base/fault.ts";
import type { NmiRequest } from "./message.ts";
import type { NmiSettings } from "./ports.ts";

type Settings = Pick<NmiSettings, "metadataHeaderRequired">;

/**
 * What the metadata service asks of every request, so that neither a browser, a proxy nor a server that was tricked
 * into fetching a URL gets anything. @throws Fault REQUEST_INVALID or METADATA_HEADER_MISSING
 */
export function checkRequest({ method, headers }: NmiRequest, settings: Settings): void {
  if (headers["x-forwarded-for"] !== undefined) {
    throw new Fault("REQUEST_INVALID", "Invalid request: X-Forwarded-For is not allowed");
  }
  if (headers.upgrade !== undefined) throw new Fault("REQUEST_INVALID", "Invalid request: Upgrade is not allowed");
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
  if (isRead(method) && hasBody) throw new Fault("REQUEST_INVALID", `Invalid request: a ${method} has no body`);
  if (settings.metadataHeaderRequired && headers.metadata !== "true") {
    throw new Fault("METADATA_HEADER_MISSING", "Required metadata header not specified");
  }
}

/** Whether a method only reads. */
export function isRead(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

import { Fault } from "../../base/fault.ts";
import type { NmiSettings } from "../ports.ts";
import type { NmiRequest } from "../server/message.ts";

type Settings = Pick<NmiSettings, "metadataHeaderRequired">;

/** @throws Fault as `requestFault` gives it */
export function checkRequest(request: NmiRequest, settings: Settings): void {
  const fault = requestFault(request, settings);
  if (fault !== undefined) throw fault;
}

/**
 * What a request lacks of that which the metadata service asks of every one, so that neither a browser, a proxy nor a
 * server that was tricked into fetching a URL gets anything: Fault REQUEST_INVALID or METADATA_HEADER_MISSING.
 */
export function requestFault({ method, headers }: NmiRequest, settings: Settings): Fault | undefined {
  if (headers["x-forwarded-for"] !== undefined) {
    return new Fault("REQUEST_INVALID", "Invalid request: X-Forwarded-For is not allowed");
  }
  if (headers.upgrade !== undefined) return new Fault("REQUEST_INVALID", "Invalid request: Upgrade is not allowed");
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
  if (isRead(method) && hasBody) return new Fault("REQUEST_INVALID", `Invalid request: a ${method} has no body`);
  if (settings.metadataHeaderRequired && headers.metadata !== "true") {
    return new Fault("METADATA_HEADER_MISSING", "Required metadata header not specified");
  }
  return undefined;
}

/** Whether a method only reads. */
export function isRead(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

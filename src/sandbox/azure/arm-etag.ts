import type { Machine } from "./machine.ts";
import { Refusal } from "./refusal.ts";
import type { Asked } from "./server.ts";

/** Older versions of the API show no etags, and take no notice of If-Match. */
const FIRST_VERSION = "2024-03-01";

/** A machine's etag for whoever asks; undefined in an older version of the API. */
export function etagFor(machine: Machine, { query }: Asked): string | undefined {
  return (query.get("api-version") ?? "") < FIRST_VERSION ? undefined : machine.etag;
}

/** @throws Refusal 412 when the machine has changed since the caller saw it */
export function checkMatch(machine: Machine, asked: Asked): void {
  const etag = etagFor(machine, asked);
  const wanted = asked.headers["if-match"] ?? "*";
  if (etag === undefined || wanted === "*" || wanted === etag) return;
  const message = `Etag provided in if-match header ${wanted} does not match etag ${etag} of resource.`;
  throw new Refusal(412, "PreconditionFailed", message);
}

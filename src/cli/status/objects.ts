import { type Kind, kinds } from "../../api/kinds.ts";
import { type Meta, objectKey, objectSchema, readObject } from "../../api/meta.ts";
import { printable } from "../../base/log.ts";
import { asRecord, asText } from "../../kube/wire.ts";

const metaOf = (kind: Kind, raw: unknown): Meta => readObject(objectSchema({}), kind, raw).metadata;

/** Just that there is one. */
export const readName = (kind: Kind) => (raw: unknown) => ({ meta: metaOf(kind, raw) });

export type HeldLease = { readonly meta: Meta; readonly holder: string; readonly untilMs: number };

/** Who holds a lease, and until when. */
export function readLease(raw: unknown): HeldLease {
  const { holderIdentity, renewTime, leaseDurationSeconds } = asRecord(asRecord(raw).spec);
  const untilMs = Date.parse(asText(renewTime)) + Number(leaseDurationSeconds) * 1000;
  return { meta: metaOf(kinds.lease, raw), holder: printable(asText(holderIdentity)), untilMs };
}

export type ToldEvent = { readonly meta: Meta; readonly atMs: number; readonly text: string };

/** What an event tells, and when it did last. */
export function readEvent(raw: unknown): ToldEvent {
  const meta = metaOf(kinds.event, raw);
  const { type, reason, message, involvedObject, lastTimestamp, eventTime } = asRecord(raw);
  const about = asRecord(involvedObject);
  const name = objectKey({ namespace: asText(about.namespace), name: asText(about.name) }).replace(/^\//, "");
  const text = `${type === "Warning" ? "Warning " : ""}${asText(reason)}, ${asText(about.kind)} ${name}: ${asText(message)}`;
  const atMs = Date.parse(asText(lastTimestamp) || asText(eventTime) || meta.creationTimestamp);
  return { meta, atMs: Number.isNaN(atMs) ? 0 : atMs, text: printable(text) };
}

import { type Kind, kinds } from "../api/kinds.ts";
import { objectKey } from "../api/meta.ts";
import { type Respelled, respelled } from "../api/old-spelling.ts";
import { Backoff } from "../base/backoff.ts";
import { type Clock, realClock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import { type Log, printable } from "../base/log.ts";
import type { Listed, ObjectRef, Query } from "../kube/client.ts";
import { asRecord, asText, rawMeta } from "../kube/wire.ts";
import type { Announcer } from "./announcer.ts";

type Client = {
  get(kind: Kind, ref: ObjectRef, signal: AbortSignal): Promise<unknown>;
  create(kind: Kind, namespace: string, object: object, signal: AbortSignal): Promise<unknown>;
  replace(kind: Kind, ref: ObjectRef, object: object, signal: AbortSignal): Promise<unknown>;
  listAs<T>(kind: Kind, query: Query, read: (raw: unknown) => readonly T[], signal: AbortSignal): Promise<Listed<T>>;
};

export type TypeUpgrade = {
  readonly client: Client;
  /** Where the ConfigMap is: MIC's own namespace. */
  readonly namespace: string;
  readonly configMapName: string;
  /** The entry of the ConfigMap that says that it is done. */
  readonly key: string;
  /** What the entry is to say: MIC's version. */
  readonly version: string;
  readonly log: Log;
  readonly announcer: Announcer;
  readonly clock?: Clock;
  readonly random?: () => number;
};

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10 * 60_000;
/** Records come last, so that one that is rewritten for another reason meanwhile needs nothing any more. */
const UPGRADED = [kinds.identity, kinds.binding, kinds.exception, kinds.assignment];

/**
 * Writes objects in the spelling of releases before 1.6 anew in today's, once in the life of a cluster: after that
 * whoever applies old ones again, such as a GitOps tool, is left alone. It runs beside the loop, which understands every
 * spelling: nobody's identity waits for it, and a failure is told, waited for and tried again. Ends when it is done, or
 * when the signal aborts.
 */
export async function upgradeTypes(upgrade: TypeUpgrade, signal: AbortSignal): Promise<void> {
  const { log, clock = realClock, random = Math.random } = upgrade;
  const backoff = new Backoff({ firstMs: FIRST_PAUSE_MS, maxMs: LONGEST_PAUSE_MS, random });
  while (!signal.aborted) {
    try {
      await attempt(upgrade, signal);
      return;
    } catch (reason) {
      if (signal.aborted) return;
      const fault = Fault.from(reason);
      const pauseMs = Math.max(backoff.next(), fault.retryAfterMs ?? 0);
      const fields = { code: fault.code, error: fault.message, retryInSeconds: Math.round(pauseMs / 1000) };
      log.warn("type upgrade is not complete, trying again; objects in an older spelling count as they are", fields);
      await clock.sleep(pauseMs, signal).catch(() => {}); // rejected: the loop ends by the signal
    }
  }
}

async function attempt(upgrade: TypeUpgrade, signal: AbortSignal): Promise<void> {
  const { client, key, version, log } = upgrade;
  const map = await configMap(upgrade, signal);
  const data = asRecord(asRecord(map).data);
  if (key in data) {
    log.info("type upgrade was done before, skipping it", { byVersion: printable(asText(data[key])) });
    return;
  }
  const faults: Fault[] = [];
  let count = 0;
  for (const kind of UPGRADED) count += await rewriteAll(kind, upgrade, faults, signal);
  if (faults[0] !== undefined) throw faults[0];
  const done = { ...(map as object), data: { ...data, [key]: version } };
  await client.replace(kinds.configMap, rawMeta(map), done, signal);
  log.info("type upgrade is done", { version, objects: count });
}

async function configMap(
  { client, namespace, configMapName: name }: TypeUpgrade,
  signal: AbortSignal,
): Promise<unknown> {
  try {
    return await client.get(kinds.configMap, { namespace, name }, signal);
  } catch (reason) {
    if (!Fault.is(reason, "KUBE_NOT_FOUND")) throw reason;
    const empty = { apiVersion: "v1", kind: kinds.configMap.kind, metadata: { namespace, name } };
    return await client.create(kinds.configMap, namespace, empty, signal);
  }
}

/** Rewrites what is old among the objects of a kind; one failure stops none of the others. How many were written. */
async function rewriteAll(kind: Kind, upgrade: TypeUpgrade, faults: Fault[], signal: AbortSignal): Promise<number> {
  const read = (raw: unknown) => [respelled(kind, raw)].filter((one) => one !== undefined);
  const old = await upgrade.client.listAs(kind, {}, read, signal);
  let count = 0;
  for (const one of old.objects) {
    try {
      if (await rewrite(kind, one, upgrade, signal)) count += 1;
    } catch (reason) {
      signal.throwIfAborted();
      faults.push(Fault.from(reason)); // a conflict too: the next attempt reads the object anew
    }
  }
  return count;
}

async function rewrite(
  kind: Kind,
  { object, found }: Respelled,
  { client, log, announcer }: TypeUpgrade,
  signal: AbortSignal,
): Promise<boolean> {
  const meta = rawMeta(object);
  const names = printable(found.join(", "));
  try {
    await client.replace(kind, meta, object, signal);
  } catch (reason) {
    if (Fault.is(reason, "KUBE_NOT_FOUND")) return false;
    // No later attempt could write it either; it counts as it is.
    if (!Fault.is(reason, "KUBE_INVALID")) throw reason;
    const fields = { kind: kind.kind, object: objectKey(meta), names, error: reason.message };
    log.error("object in an older spelling cannot be rewritten, correct it by hand", fields);
    return false;
  }
  log.info("rewrote an object in today's spelling", { kind: kind.kind, object: objectKey(meta), names });
  if (kind === kinds.assignment) return true; // nobody but MIC writes those
  const message = `${names}: spelled as before release 1.6. MIC has written it anew this once; correct where it comes from`;
  announcer.record({ about: { kind, meta }, type: "Warning", reason: "OldSpelling", message });
  return true;
}

import { type Assignment, writeAssignment } from "../api/assignment.ts";
import { ASSIGNMENT_FINALIZER, type Kind, kinds } from "../api/kinds.ts";
import { objectKey } from "../api/meta.ts";
import { writePlaces } from "../api/placement.ts";
import { isSameResource } from "../api/resource-id.ts";
import { isGuarded } from "../assignment/records.ts";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { ObjectRef } from "../kube/client.ts";
import type { Ended, RecordOperation } from "./ended.ts";
import type { Records } from "./ports.ts";

type Version = { readonly uid: string; readonly resourceVersion: string };
type Client = {
  create(kind: Kind, namespace: string, object: object, signal: AbortSignal): Promise<unknown>;
  replace(kind: Kind, ref: ObjectRef, object: object, signal: AbortSignal): Promise<unknown>;
  patch(kind: Kind, ref: ObjectRef, patch: { type: "merge"; body: object }, signal: AbortSignal): Promise<unknown>;
  remove(kind: Kind, ref: ObjectRef, options: Version, signal: AbortSignal): Promise<unknown>;
};
type Held = {
  get(ref: ObjectRef): Assignment | undefined;
  accept(raw: unknown): Assignment;
  forget(ref: ObjectRef, uid: string): void;
};
type Deps = {
  readonly client: Client;
  /** What is read next sees our own writes at once. */
  readonly store: Held;
  readonly clock: Clock;
  readonly onWrite: (ended: Ended<RecordOperation>) => void;
};

const kind = kinds.assignment;

/**
 * AzureAssignedIdentity objects at the API server. Every change of an existing one is bound to the version that it was
 * decided on, so nobody's work is undone by accident.
 */
export function createRecords({ client, store, clock, onWrite }: Deps): Records {
  async function timed<T>(operation: RecordOperation, signal: AbortSignal, write: () => Promise<T>): Promise<T> {
    const started = clock.monotonic();
    let fault: Fault | undefined;
    try {
      return await write();
    } catch (reason) {
      signal.throwIfAborted();
      fault = Fault.from(reason);
      throw fault;
    } finally {
      if (!signal.aborted) onWrite({ operation, durationMs: clock.monotonic() - started, fault });
    }
  }

  function patch(record: Assignment, body: PatchBody, signal: AbortSignal): Promise<Assignment> {
    const { resourceVersion } = record.meta;
    const bound = { ...body, metadata: { ...body.metadata, resourceVersion } };
    return timed("status", signal, async () =>
      store.accept(await client.patch(kind, record.meta, { type: "merge", body: bound }, signal)),
    );
  }

  return {
    async write(draft, over, signal) {
      const object = writeAssignment(draft, over?.meta);
      return over === undefined
        ? await timed("addition", signal, async () =>
            store.accept(await client.create(kind, draft.namespace, object, signal)),
          )
        : await timed("update", signal, async () =>
            store.accept(await client.replace(kind, over.meta, object, signal)),
          );
    },

    async confirm(record, { machine, isAssigned, cleared }, signal) {
      const latest = stillTheSame(store.get(record.meta), record);
      const leftovers = latest.leftovers.filter((one) => one.machine !== machine || !cleared.includes(one.resourceId));
      const annotations = cleared.length > 0 ? { annotations: writePlaces({ ...latest, leftovers }) } : {};
      const status = isAssigned ? { status: { status: "Assigned", availableReplicas: 1 } } : {};
      await patch(latest, { metadata: annotations, ...status }, signal);
    },

    async remove(record, signal) {
      const latest = store.get(record.meta);
      if (latest?.meta.uid !== record.meta.uid) return; // it is gone
      if (latest.meta.resourceVersion !== record.meta.resourceVersion) throw changedMeanwhile(record);
      const release = releaseOf(latest);
      const released = release === undefined ? latest : await unlessGone(patch(latest, release, signal));
      const { uid, resourceVersion } = released?.meta ?? latest.meta;
      const answer = await timed("deletion", signal, () =>
        unlessGone(client.remove(kind, latest.meta, { uid, resourceVersion }, signal)),
      );
      // What somebody else's finalizer keeps still holds its name, so plans have to see it.
      if (othersOf(latest).length > 0 && answer !== undefined) store.accept(answer);
      else store.forget(latest.meta, uid);
    },
  };
}

type PatchBody = { readonly metadata: object; readonly status?: object };

function othersOf({ meta }: Assignment): readonly string[] {
  return meta.finalizers.filter((one) => one !== ASSIGNMENT_FINALIZER);
}

/**
 * What lets go of a record; undefined when that is done. Its leftovers are struck out too: they are off their machines, or
 * others need them there. So a record that stays for somebody else's finalizer is over, and nobody removes it again.
 */
function releaseOf(record: Assignment): PatchBody | undefined {
  const hasLeft = record.leftovers.length > 0;
  if (record.state === "Unassigned" && !isGuarded(record) && !hasLeft) return undefined;
  const annotations = hasLeft ? { annotations: writePlaces({ ...record, leftovers: [] }) } : {};
  return {
    metadata: { finalizers: othersOf(record), ...annotations },
    status: { status: "Unassigned", availableReplicas: 1 },
  };
}

/** The record as it is now, provided that it still means what it meant. */
function stillTheSame(latest: Assignment | undefined, record: Assignment): Assignment {
  const isSame =
    latest?.meta.uid === record.meta.uid &&
    latest.machine === record.machine &&
    isSameResource(latest.identity.resourceId, record.identity.resourceId);
  if (latest !== undefined && isSame) return latest;
  throw changedMeanwhile(record);
}

function changedMeanwhile({ meta }: Assignment): Fault {
  return new Fault("KUBE_CONFLICT", `AzureAssignedIdentity ${objectKey(meta)} was changed meanwhile`);
}

async function unlessGone<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write;
  } catch (reason) {
    if (!Fault.is(reason, "KUBE_NOT_FOUND")) throw reason;
    return undefined;
  }
}

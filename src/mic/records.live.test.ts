import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { recordDraft } from "../../test/support/make.ts";
import { crdsInto } from "../../test/support/mic/cluster.ts";
import { id, vm } from "../../test/support/plan-lines.ts";
import { type Assignment, readAssignment } from "../api/assignment.ts";
import { ASSIGNMENT_FINALIZER, kinds } from "../api/kinds.ts";
import { isOver } from "../assignment/records.ts";
import { realClock } from "../base/clock.ts";
import { createLog } from "../base/log.ts";
import { KubeClient } from "../kube/client.ts";
import { Store } from "../kube/store.ts";
import { type KubeApi, startKubeApi } from "../sandbox/kube-api/server.ts";
import type { Ended, RecordOperation } from "./ended.ts";
import { createRecords } from "./records.ts";

const VM = vm("node-0");
const never = new AbortController().signal;
const old = { machine: VM, resourceId: id("old") };
const draft = recordDraft({ leftovers: [old] });

let api: KubeApi;
let client: KubeClient;
beforeEach(async () => {
  api = await startKubeApi();
  client = new KubeClient(
    { server: api.url, credentials: async () => ({}) },
    { userAgent: "test", log: createLog({ write: () => {} }) },
  );
  await crdsInto(client);
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});

/** Records whose store follows nothing: it knows of our own writes only, as one that lags behind. */
function lagging() {
  const ended: Ended<RecordOperation>[] = [];
  const log = createLog({ write: () => {} });
  const store = new Store({ client, kind: kinds.assignment, read: readAssignment, log });
  const records = createRecords({ client, store, clock: realClock, onWrite: (one) => ended.push(one) });
  const operations = () =>
    ended.map(({ operation, fault }) => `${operation}${fault === undefined ? "" : ` ${fault.code}`}`);
  return { records, store, operations };
}

async function held(): Promise<Assignment | undefined> {
  const [raw] = await client.list(kinds.assignment, {}, never);
  return raw === undefined ? undefined : readAssignment(raw);
}

function edit(body: object): Promise<unknown> {
  return client.patch(kinds.assignment, draft, { type: "merge", body }, never);
}

const done = { machine: VM, isAssigned: true, cleared: [old.resourceId] };

describe("records", () => {
  it("are created, confirmed and removed, and the store knows at once", async () => {
    const { records, store, operations } = lagging();
    const record = await records.write(draft, undefined, never);
    expect(store.get(draft)).toMatchObject({ state: "Created", machine: VM, leftovers: draft.leftovers });
    await records.confirm(record, done, never);
    expect(store.get(draft)).toMatchObject({ state: "Assigned", machine: VM, leftovers: [] });
    expect(await held()).toEqual(store.get(draft));
    await records.remove(store.get(draft) as Assignment, never);
    expect([store.get(draft), await held()]).toEqual([undefined, undefined]);
    expect(operations()).toEqual(["addition", "status", "status", "deletion"]);
  });

  it("keep what others wrote when they are rewritten", async () => {
    const { records } = lagging();
    const record = await records.write(draft, undefined, never);
    const annotated = readAssignment(await edit({ metadata: { annotations: { note: "mine" } } }));
    await records.write({ ...draft, nodeName: "node-1", leftovers: [] }, annotated, never);
    expect(await held()).toMatchObject({
      nodeName: "node-1",
      leftovers: [],
      meta: { uid: record.meta.uid, annotations: { note: "mine" } },
    });
  });

  it.each(["confirm", "remove"] as const)("do not %s what somebody changed meanwhile", async (verb) => {
    const { records, operations } = lagging();
    const record = await records.write(draft, undefined, never);
    await edit({ spec: { nodename: "node-1" } });
    const late = verb === "confirm" ? records.confirm(record, done, never) : records.remove(record, never);
    await expect(late).rejects.toMatchObject({ code: "KUBE_CONFLICT" });
    expect(await held()).toMatchObject({ state: "Created", nodeName: "node-1" });
    expect(operations()).toEqual(["addition", "status KUBE_CONFLICT"]);
  });

  it("do not confirm a record that means another machine now", async () => {
    const { records } = lagging();
    const record = await records.write(draft, undefined, never);
    await records.write({ ...draft, machine: VM.replace("node-0", "node-1") }, record, never);
    await expect(records.confirm(record, done, never)).rejects.toMatchObject({ code: "KUBE_CONFLICT" });
    expect((await held())?.state).toBe("Created");
  });

  it("do not remove a record that was decided on before our own rewrite", async () => {
    const { records, operations } = lagging();
    const record = await records.write(draft, undefined, never);
    await records.write({ ...draft, nodeName: "node-1" }, record, never);
    await expect(records.remove(record, never)).rejects.toMatchObject({ code: "KUBE_CONFLICT" });
    expect(await held()).toMatchObject({ nodeName: "node-1", meta: { deletionTimestamp: "" } });
    expect(operations()).toEqual(["addition", "update"]);
  });

  it("do not delete a record that is rewritten after it was marked Unassigned", async () => {
    const { records, store, operations } = lagging();
    const record = await records.write({ ...draft, leftovers: [] }, undefined, never);
    const marked = store.accept(await edit({ metadata: { finalizers: [] }, status: { status: "Unassigned" } }));
    await edit({ status: { status: "Created" } });
    await expect(records.remove(marked, never)).rejects.toMatchObject({ code: "KUBE_CONFLICT" });
    expect(await held()).toMatchObject({ state: "Created", meta: { uid: record.meta.uid, deletionTimestamp: "" } });
    expect(operations()).toEqual(["addition", "deletion KUBE_CONFLICT"]);
  });

  it("leave a record alone that was made anew under the same name", async () => {
    const { records, operations } = lagging();
    const record = await records.write(draft, undefined, never);
    await records.remove(record, never);
    const second = await records.write(draft, undefined, never);
    await records.remove(record, never);
    expect((await held())?.meta.uid).toBe(second.meta.uid);
    expect(operations()).toEqual(["addition", "status", "deletion", "addition"]);
  });

  it("leave a record alone that was made anew although the store has not seen it", async () => {
    const { records, store } = lagging();
    await records.write(draft, undefined, never);
    api.failNext({ verb: "delete" }, { code: 500, message: "no" });
    const released = async () => await records.remove(store.get(draft) as Assignment, never);
    await expect(released()).rejects.toMatchObject({ code: "KUBE_ERROR" });
    await client.remove(kinds.assignment, draft, {}, never);
    const second = await lagging().records.write(draft, undefined, never);
    await expect(released()).rejects.toMatchObject({ code: "KUBE_CONFLICT" });
    expect((await held())?.meta).toMatchObject({ uid: second.meta.uid, deletionTimestamp: "" });
  });

  it("take a record that is gone already for removed", async () => {
    const { records, store } = lagging();
    const record = await records.write(draft, undefined, never);
    await edit({ metadata: { finalizers: [] } });
    await client.remove(kinds.assignment, draft, {}, never);
    await records.remove(record, never);
    expect(store.get(draft)).toBeUndefined();
  });

  it("that somebody else's finalizer keeps stay known, and are let go of", async () => {
    const { records, store, operations } = lagging();
    await records.write(draft, undefined, never);
    store.accept(await edit({ metadata: { finalizers: [ASSIGNMENT_FINALIZER, "example.com/theirs"] } }));
    await records.remove(store.get(draft) as Assignment, never);
    const left = store.get(draft) as Assignment;
    expect(left).toMatchObject({ state: "Unassigned", leftovers: [], meta: { finalizers: ["example.com/theirs"] } });
    expect(isOver(left)).toBe(true);
    expect(await held()).toEqual(left);
    expect(operations()).toEqual(["addition", "status", "deletion"]);
  });

  it("that were let go of with leftovers on them are rid of these", async () => {
    const { records, store, operations } = lagging();
    await records.write(draft, undefined, never);
    await edit({ metadata: { finalizers: ["example.com/theirs"] }, status: { status: "Unassigned" } });
    store.accept(await client.remove(kinds.assignment, draft, {}, never));
    await records.remove(store.get(draft) as Assignment, never);
    expect(isOver(store.get(draft) as Assignment)).toBe(true);
    expect(operations()).toEqual(["addition", "status", "deletion"]);
  });

  it("that a user deleted go with their finalizer", async () => {
    const { records } = lagging();
    await records.write(draft, undefined, never);
    const dying = await client.remove(kinds.assignment, draft, {}, never);
    expect(readAssignment(dying).meta.deletionTimestamp).not.toBe("");
    const fresh = lagging();
    fresh.store.accept(dying);
    await fresh.records.remove(readAssignment(dying), never);
    expect(await held()).toBeUndefined();
  });
});

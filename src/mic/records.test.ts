import { describe, expect, it } from "vitest";
import { ScriptedApi } from "../../test/support/kube/scripted-api.ts";
import { identity, recordDraft } from "../../test/support/make.ts";
import { vm } from "../../test/support/plan-lines.ts";
import { type AssignmentDraft, readAssignment, writeAssignment } from "../api/assignment.ts";
import { kinds } from "../api/kinds.ts";
import { realClock } from "../base/clock.ts";
import { createLog } from "../base/log.ts";
import { KubeClient } from "../kube/client.ts";
import { Store } from "../kube/store.ts";
import { createRecords } from "./records.ts";

const never = new AbortController().signal;
const draft = recordDraft();

/** A record as the API server has it. */
function stored(over: Partial<AssignmentDraft> = {}, resourceVersion = "5", uid = "first") {
  const object = writeAssignment(recordDraft(over)) as { readonly metadata: object };
  return { ...object, metadata: { ...object.metadata, uid, resourceVersion } };
}

/** Records whose store knows one, on an API server that takes writes over one version. */
function place(version = "5") {
  const log = createLog({ write: () => {} });
  const api = new ScriptedApi(({ method, body = "" }) =>
    method === "DELETE" || body.includes(`"resourceVersion":"${version}"`)
      ? { status: 200, body: stored({ state: "Assigned" }, "9") }
      : { status: 409, body: { kind: "Status", reason: "Conflict", message: "the object has been modified" } },
  );
  const client = new KubeClient({ transport: api }, { userAgent: "test", log });
  const store = new Store({ client, kind: kinds.assignment, read: readAssignment, log });
  const record = store.accept(stored());
  return { api, store, record, records: createRecords({ client, store, clock: realClock, onWrite: () => {} }) };
}

const done = { machine: draft.machine, isAssigned: true, cleared: [] };

describe("a record that changed after its machine was", () => {
  it.each([
    { how: "it means another machine", now: stored({ machine: vm("node-1") }, "6") },
    { how: "it means another identity", now: stored({ identity: identity("other") }, "6") },
    { how: "it was made anew", now: stored({}, "6", "second") },
  ])("is not confirmed when $how now", async ({ now }) => {
    const { api, store, record, records } = place();
    store.accept(now);
    await expect(records.confirm(record, done, never)).rejects.toMatchObject({ code: "KUBE_CONFLICT" });
    expect(api.requests).toEqual([]);
  });

  it("is not confirmed when it is gone", async () => {
    const { api, store, record, records } = place();
    store.forget(record.meta, record.meta.uid);
    await expect(records.confirm(record, done, never)).rejects.toMatchObject({ code: "KUBE_CONFLICT" });
    expect(api.requests).toEqual([]);
  });

  it("is confirmed when it still means the same", async () => {
    const { store, record, records } = place("6");
    store.accept(stored({ nodeName: "node-0-renamed" }, "6"));
    await records.confirm(record, done, never);
    expect(store.get(record.meta)?.state).toBe("Assigned");
  });
});

describe("a record from which another machine was struck out meanwhile", () => {
  it("does not get that back when its own is struck out", async () => {
    const [here, there] = [draft.machine, vm("node-1")];
    const left = (machine: string) => ({ machine, resourceId: identity("old").resourceId.toLowerCase() });
    const { api, store, records } = place("6");
    const record = store.accept(stored({ leftovers: [left(here), left(there)] }));
    store.accept(stored({ leftovers: [left(here)] }, "6"));
    const bodies: string[] = [];
    const { script } = api;
    api.script = (request) => {
      bodies.push(request.body ?? "");
      return script(request);
    };
    await records.confirm(record, { ...done, cleared: [left(here).resourceId] }, never);
    expect(bodies.map((body) => JSON.parse(body).metadata.annotations)).toEqual([
      expect.objectContaining({ "aadpodidentity.k8s.io/leftovers": null }),
    ]);
  });
});

describe("a record that is removed", () => {
  const bare = { finalizers: [] };
  const left = [{ machine: draft.machine, resourceId: identity("old").resourceId.toLowerCase() }];

  it.each([
    { when: "it is Assigned", over: { state: "Assigned" }, meta: bare, verbs: ["PATCH", "DELETE"] },
    { when: "it is guarded", over: { state: "Unassigned" }, meta: {}, verbs: ["PATCH", "DELETE"] },
    {
      when: "it has leftovers",
      over: { state: "Unassigned", leftovers: left },
      meta: bare,
      verbs: ["PATCH", "DELETE"],
    },
    { when: "it was let go of already", over: { state: "Unassigned" }, meta: bare, verbs: ["DELETE"] },
  ] as const)("is asked for $verbs when $when", async ({ over, meta, verbs }) => {
    const { api, store, records } = place("6");
    const object = stored(over, "6");
    const record = store.accept({ ...object, metadata: { ...object.metadata, ...meta } });
    await records.remove(record, never);
    expect(api.requests.map((request) => request.split(" ")[0])).toEqual(verbs);
    expect(store.get(record.meta)).toBeUndefined();
  });
});

import { describe, expect, it, onTestFinished, vi } from "vitest";
import { ScriptedApi } from "../../test/support/kube/scripted-api.ts";
import { identityId, vmProviderId } from "../../test/support/make.ts";
import { ASSIGNMENT_FINALIZER, BINDING_LABEL } from "../api/kinds.ts";
import { createLog } from "../base/log.ts";
import { KubeClient } from "../kube/client.ts";
import { type MicStores, micStores, notFilled, onRelevantChange } from "./stores.ts";

type Kind = keyof MicStores;

/** Stores that follow nothing yet. */
function stopped() {
  const empty = { status: 200, body: { metadata: { resourceVersion: "1" }, items: [] } };
  const api = new ScriptedApi(({ path }) => (path.includes("watch=true") ? "watch" : empty));
  const log = createLog({ write: () => {} });
  return { api, stores: micStores({ client: new KubeClient({ transport: api }, { userAgent: "test", log }), log }) };
}

/** The store of a kind follows an API server without objects; and how often a change was told. */
async function start(kind: Kind) {
  const { api, stores } = stopped();
  const store = stores[kind];
  const stop = new AbortController();
  const running = store.run(stop.signal);
  onTestFinished(async () => {
    stop.abort(new Error("the test is over"));
    await running;
  });
  await vi.waitFor(() => expect(api.watches).toBe(1), { interval: 1 });
  let told = 0;
  onRelevantChange(stores, () => {
    told += 1;
  });
  let version = 1;
  const next = (object: object, meta: object) => {
    version += 1;
    const names = { name: "one", namespace: "default", uid: "u", resourceVersion: `${version}` };
    return { ...object, metadata: { ...names, ...meta } };
  };
  const shown = async (object: object) => {
    api.send("MODIFIED", object);
    const versions = () => store.list().map(({ meta }) => meta.resourceVersion);
    await vi.waitFor(() => expect(versions()).toEqual([`${version}`]), { interval: 1 });
  };
  /** How often a change is told when the watch shows that an object is this one now. */
  const becomes = async (object: object, meta: object = {}) => {
    const before = told;
    await shown(next(object, meta));
    return told - before;
  };
  /** How often it is told when we have made it this one, and the watch shows that afterwards. */
  const isMade = async (object: object, meta: object = {}) => {
    const before = told;
    const answer = next(object, meta);
    store.accept(answer);
    await shown(answer);
    return told - before;
  };
  return { becomes, isMade, stores, told: () => told };
}

describe("notFilled", () => {
  it("names what the API server has not given", () => {
    const { stores } = stopped();
    const kinds = "pods, nodes, azureidentities, azureidentitybindings, azureassignedidentities";
    expect(notFilled(stores)).toBe(`the API server has not given all ${kinds} yet`);
  });
});

describe("onRelevantChange", () => {
  it.each<{ kind: Kind; from: object; same: object; other: object }>([
    {
      kind: "pods",
      from: { spec: { nodeName: "n" }, status: { phase: "Pending" } },
      same: { spec: { nodeName: "n" }, status: { phase: "Running", podIP: "10.0.0.1" } },
      other: { spec: { nodeName: "n" }, status: { phase: "Succeeded" } },
    },
    {
      kind: "nodes",
      from: { spec: { providerID: vmProviderId("a") } },
      same: {
        spec: { providerID: vmProviderId("a") },
        status: { addresses: [{ type: "InternalIP", address: "10.0.0.1" }] },
      },
      other: { spec: { providerID: vmProviderId("b") } },
    },
    {
      kind: "nodes",
      from: { spec: {}, status: { nodeInfo: { operatingSystem: "linux" } } },
      same: { spec: {}, status: { nodeInfo: { operatingSystem: "Linux" } } },
      other: { spec: {}, status: { nodeInfo: { operatingSystem: "windows" } } },
    },
    {
      kind: "assignments",
      from: { spec: { pod: "web" }, status: { status: "Created" } },
      same: { spec: { pod: "web" }, status: { status: "Created" } },
      other: { spec: { pod: "web" }, status: { status: "Assigned" } },
    },
  ])("tells of $kind only what a plan looks at", async ({ kind, from, same, other }) => {
    const { becomes } = await start(kind);
    expect([await becomes(from), await becomes(same), await becomes(other)]).toEqual([1, 0, 1]);
  });

  it("tells when a pod's label or node changes", async () => {
    const { becomes } = await start("pods");
    const labelled = (value: string) => ({ labels: { [BINDING_LABEL]: value } });
    expect(await becomes({ spec: {} }, labelled("a"))).toBe(1);
    expect(await becomes({ spec: {} }, labelled("b"))).toBe(1);
    expect(await becomes({ spec: { nodeName: "n" } }, labelled("b"))).toBe(1);
  });

  it("tells when somebody deletes a record that its finalizer keeps", async () => {
    const { becomes } = await start("assignments");
    const record = { spec: { pod: "web" }, status: { status: "Assigned" } };
    expect(await becomes(record)).toBe(1);
    expect(await becomes(record, { deletionTimestamp: "2026-01-01T00:00:00Z" })).toBe(1);
  });

  it("tells when somebody takes the finalizer off a record", async () => {
    const { becomes } = await start("assignments");
    const record = { spec: { pod: "web" }, status: { status: "Assigned" } };
    expect(await becomes(record, { finalizers: [ASSIGNMENT_FINALIZER] })).toBe(1);
    expect(await becomes(record, { finalizers: [] })).toBe(1);
  });

  it("tells nothing of a record that we write, and of the very same change by others", async () => {
    const { becomes, isMade, stores, told } = await start("assignments");
    const record = (state: string) => ({ spec: { pod: "web" }, status: { status: state } });
    expect([await isMade(record("Created")), await isMade(record("Assigned"))]).toEqual([0, 0]);
    expect([await becomes(record("Created")), await becomes(record("Assigned"))]).toEqual([1, 1]);
    stores.assignments.forget({ namespace: "default", name: "one" }, "u");
    expect(told()).toBe(2);
  });

  it("tells of every change of an identity or a binding", async () => {
    const identities = await start("identities");
    expect(await identities.becomes({ spec: { resourceID: identityId("a") } })).toBe(1);
    expect(await identities.becomes({ spec: { resourceID: identityId("a") } })).toBe(1);
    const bindings = await start("bindings");
    expect(await bindings.becomes({ spec: { selector: "a" } })).toBe(1);
  });
});

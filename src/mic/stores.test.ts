import { describe, expect, it } from "vitest";
import { identityId, vmProviderId } from "../../test/support/make.ts";
import { ASSIGNMENT_FINALIZER, BINDING_LABEL } from "../api/kinds.ts";
import { createLog } from "../base/log.ts";
import { KubeClient } from "../kube/client.ts";
import { type MicStores, micStores, notFilled, onRelevantChange } from "./stores.ts";

/** Stores that follow nothing, and how often a change was told. */
function start() {
  const log = createLog({ write: () => {} });
  const access = { server: "http://127.0.0.1:1", credentials: async () => ({}) };
  const stores = micStores({ client: new KubeClient(access, { userAgent: "test", log }), log });
  let told = 0;
  onRelevantChange(stores, () => {
    told += 1;
  });
  let version = 0;
  /** How often a change is told when an object becomes this one. */
  const becomes = (kind: keyof MicStores, object: object, meta: object = {}) => {
    const before = told;
    version += 1;
    stores[kind].accept({
      ...object,
      metadata: { name: "one", namespace: "default", uid: "u", resourceVersion: `${version}`, ...meta },
    });
    return told - before;
  };
  return { becomes, stores };
}

describe("notFilled", () => {
  it("names what the API server has not given", () => {
    const { stores } = start();
    const kinds = "pods, nodes, azureidentities, azureidentitybindings, azureassignedidentities";
    expect(notFilled(stores)).toBe(`the API server has not given all ${kinds} yet`);
  });
});

describe("onRelevantChange", () => {
  it.each<{ kind: keyof MicStores; from: object; same: object; other: object }>([
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
  ])("tells of $kind only what a plan looks at", ({ kind, from, same, other }) => {
    const { becomes } = start();
    expect([from, same, other].map((object) => becomes(kind, object))).toEqual([1, 0, 1]);
  });

  it("tells when a pod's label or node changes", () => {
    const { becomes } = start();
    const labelled = (value: string) => ({ labels: { [BINDING_LABEL]: value } });
    expect(becomes("pods", { spec: {} }, labelled("a"))).toBe(1);
    expect(becomes("pods", { spec: {} }, labelled("b"))).toBe(1);
    expect(becomes("pods", { spec: { nodeName: "n" } }, labelled("b"))).toBe(1);
  });

  it("tells when somebody deletes a record that its finalizer keeps", () => {
    const { becomes } = start();
    const record = { spec: { pod: "web" }, status: { status: "Assigned" } };
    expect(becomes("assignments", record)).toBe(1);
    expect(becomes("assignments", record, { deletionTimestamp: "2026-01-01T00:00:00Z" })).toBe(1);
  });

  it("tells when somebody takes the finalizer off a record", () => {
    const { becomes } = start();
    const record = { spec: { pod: "web" }, status: { status: "Assigned" } };
    expect(becomes("assignments", record, { finalizers: [ASSIGNMENT_FINALIZER] })).toBe(1);
    expect(becomes("assignments", record, { finalizers: [] })).toBe(1);
  });

  it("tells of every change of an identity or a binding", () => {
    const { becomes } = start();
    expect(becomes("identities", { spec: { resourceID: identityId("a") } })).toBe(1);
    expect(becomes("identities", { spec: { resourceID: identityId("a") } })).toBe(1);
    expect(becomes("bindings", { spec: { selector: "a" } })).toBe(1);
  });
});

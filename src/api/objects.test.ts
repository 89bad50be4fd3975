import { describe, expect, it } from "vitest";
import { identityId, identity as makeIdentity, pod } from "../../test/support/make.ts";
import { readAssignment, writeAssignment } from "./assignment.ts";
import { readBinding } from "./binding.ts";
import { readException } from "./exception.ts";
import { identityProblem, isNamespaced, readIdentity } from "./identity.ts";
import { ASSIGNMENT_FINALIZER } from "./kinds.ts";
import { bindingLabel, isFinished, readPod } from "./pod.ts";

const metadata = { name: "demo", namespace: "default" };

describe("spellings", () => {
  const today = {
    type: 1,
    resourceID: identityId("demo"),
    clientID: "client",
    clientPassword: { name: "secret", namespace: "default" },
    tenantID: "tenant",
  };
  const before16 = {
    type: 1,
    ResourceID: identityId("demo"),
    ClientID: "client",
    ClientPassword: { Name: "secret", Namespace: "default" },
    TenantID: "tenant",
  };

  it("reads an AzureIdentity as releases before 1.6 wrote it", () => {
    expect(readIdentity({ metadata, spec: before16 })).toEqual(readIdentity({ metadata, spec: today }));
    expect(readIdentity({ metadata, spec: today })).toMatchObject({ type: 1, clientPassword: { name: "secret" } });
  });

  it("reads bindings and exceptions in either spelling", () => {
    expect(readBinding({ metadata, spec: { AzureIdentity: "demo", Selector: "web" } })).toEqual(
      readBinding({ metadata, spec: { azureIdentity: "demo", selector: "web" } }),
    );
    expect(readException({ metadata, spec: { PodLabels: { app: "mic" } } }).podLabels).toEqual({ app: "mic" });
  });

  it("lets today's spelling win where both are there, whatever their order", () => {
    expect(readIdentity({ metadata, spec: { ClientID: "old", clientID: "new" } }).clientId).toBe("new");
    expect(readIdentity({ metadata, spec: { clientID: "new", ClientID: "old" } }).clientId).toBe("new");
    expect(readIdentity({ metadata, spec: { clientID: "", ClientID: "old" } }).clientId).toBe("old");
  });
});

describe("readIdentity", () => {
  it("takes an absent type as 0, and null lists as empty", () => {
    expect(readIdentity({ metadata, spec: { auxiliaryTenantIDs: null } })).toMatchObject({
      type: 0,
      auxiliaryTenantIds: [],
    });
  });

  it("names the object and every value that does not fit", () => {
    const read = () => readIdentity({ metadata, spec: { type: "0", resourceID: 4 } });
    expect(read).toThrow(/^AzureIdentity default\/demo cannot be read: spec\.type: .*; spec\.resourceID: /);
  });
});

describe("identityProblem", () => {
  it.each([
    { spec: {}, problem: undefined },
    { spec: { type: 7 }, problem: /^unknown type 7: set spec.type to 0 \(user-assigned identity\), 1 .*, 2 / },
    { spec: { resourceID: "demo" }, problem: /^invalid resource id: "demo", must match/ },
    { spec: { type: 1, resourceID: "" }, problem: undefined },
    { spec: { type: 1, clientID: "" }, problem: /^no client id: set spec.clientID/ },
  ])("judges $spec", ({ spec, problem }) => {
    const found = identityProblem(makeIdentity("demo", { spec }));
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(problem);
  });

  it("sees the annotation for one namespace, exactly spelled", () => {
    const annotated = (value: string) =>
      makeIdentity("demo", { annotations: { "aadpodidentity.k8s.io/Behavior": value } });
    expect(isNamespaced(annotated("namespaced"))).toBe(true);
    expect(isNamespaced(annotated("Namespaced"))).toBe(false);
  });
});

describe("AzureAssignedIdentity", () => {
  const draft = {
    name: "web-shop-demo",
    namespace: "default",
    identity: makeIdentity("demo"),
    binding: readBinding({ metadata, spec: { azureIdentity: "demo", selector: "web" } }),
    pod: "web",
    podNamespace: "shop",
    nodeName: "node-0",
    state: "Created",
    machine: "/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute/virtualmachines/node-0",
    leftovers: [],
  } as const;

  it("reads what it writes", () => {
    const written = readAssignment(writeAssignment(draft));
    const { name, namespace, ...content } = draft;
    expect(written).toMatchObject({ ...content, meta: { name, namespace } });
    expect(written.meta).toMatchObject({ labels: { nodename: "node-0" }, finalizers: [ASSIGNMENT_FINALIZER] });
  });

  it("writes no empty time or version, which the API server would refuse", () => {
    expect(JSON.stringify(writeAssignment(draft))).not.toMatch(/"(creationTimestamp|resourceVersion|uid)":""/);
  });

  it.each([63, 64, 100])("labels a record with what fits of a node name whose %ith letter is a dot", (length) => {
    const nodeName = `${"n".repeat(length - 1)}.west`;
    const written = readAssignment(writeAssignment({ ...draft, nodeName }));
    expect(written.nodeName).toBe(nodeName);
    expect(written.meta.labels.nodename).toBe("n".repeat(Math.min(63, length - 1)));
  });

  it("keeps the metadata of the record that it rewrites, with the finalizer and the node of today", () => {
    const before = {
      ...readAssignment(writeAssignment(draft)).meta,
      uid: "u1",
      labels: { nodename: "old", team: "a" },
      finalizers: [],
    };
    expect(writeAssignment(draft, before)).toMatchObject({
      metadata: { uid: "u1", labels: { nodename: "node-0", team: "a" }, finalizers: [ASSIGNMENT_FINALIZER] },
    });
  });

  it.each([
    { status: undefined, then: "" },
    { status: {}, then: "" },
    { status: { status: "" }, then: "" },
    { status: { Status: "Assigned" }, then: "Assigned" },
    { status: { status: "assigned" }, then: "Unknown" },
    { status: { status: "Failed" }, then: "Unknown" },
    { status: { status: 1 }, then: "Unknown" },
  ])("reads the status $status as $then", ({ status, then }) => {
    expect(readAssignment({ metadata, spec: {}, status }).state).toBe(then);
  });

  it("reads a record without references, and a state that no release writes as a state of its own", () => {
    const bare = readAssignment({ metadata, spec: { azureIdentityRef: null, pod: "web" }, status: { status: "Odd" } });
    expect(bare).toMatchObject({ pod: "web", state: "Unknown", identity: { clientId: "", meta: { name: "" } } });
  });
});

describe("readPod", () => {
  it("reads all addresses once, the first one first", () => {
    const status = { podIP: "10.0.0.1", podIPs: [{ ip: "10.0.0.1" }, { ip: "fd00::1" }] };
    expect(readPod({ metadata, spec: {}, status }).addresses).toEqual(["10.0.0.1", "fd00::1"]);
  });

  it("knows finished pods and the binding label", () => {
    expect(isFinished(pod("a", { status: { phase: "Succeeded" } }))).toBe(true);
    expect(isFinished(pod("a"))).toBe(false);
    expect(bindingLabel(pod("a", { selector: "web" }))).toBe("web");
    expect(bindingLabel(pod("a", { selector: "" }))).toBe("");
  });
});

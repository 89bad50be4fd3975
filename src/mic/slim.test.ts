import { describe, expect, it } from "vitest";
import { assignment, binding, identity, node, pod } from "../../test/support/make.ts";
import { BINDING_LABEL } from "../api/kinds.ts";
import { SharedCopies, slimNode, slimPod } from "./slim.ts";

describe("what MIC holds", () => {
  it("of a pod is its label and what names it", () => {
    const full = pod("web", { labels: { app: "web", [BINDING_LABEL]: "demo" }, annotations: { note: "x".repeat(99) } });
    const slim = slimPod(full);
    expect(slim).toEqual({ ...full, meta: { ...full.meta, labels: { [BINDING_LABEL]: "demo" }, annotations: {} } });
    expect(slimPod(pod("bare", { selector: "" })).meta.labels).toEqual({});
  });

  it("of a node is its machine and what names it", () => {
    const full = node("node-0");
    expect(slimNode({ ...full, addresses: ["10.0.0.1"] })).toEqual({ ...full, addresses: [] });
  });

  it("of records with equal copies of an identity is that copy once, and of others their own", () => {
    const copies = new SharedCopies();
    const record = (name: string, spec = {}) =>
      copies.share(assignment({ pod: pod(name), identity: identity("demo", { spec }), binding: binding("demo") }));
    const [a, b, c] = [record("a"), record("b"), record("c", { clientID: "other" })];
    expect(b.identity).toBe(a.identity);
    expect(b.binding).toBe(a.binding);
    expect(c.identity).not.toBe(a.identity);
    expect(c.identity.clientId).toBe("other");
  });
});

import { describe, expect, it } from "vitest";
import { kinds } from "../api/kinds.ts";
import { isOlder, objectPath, queryString, rawMeta, readPage, readStatus } from "./wire.ts";

describe("the path of", () => {
  it.each([
    { what: "all pods", kind: kinds.pod, namespace: "", name: "", path: "/api/v1/pods" },
    { what: "a namespace's pods", kind: kinds.pod, namespace: "a", name: "", path: "/api/v1/namespaces/a/pods" },
    { what: "one pod", kind: kinds.pod, namespace: "a", name: "b", path: "/api/v1/namespaces/a/pods/b" },
    { what: "a node", kind: kinds.node, namespace: "", name: "n", path: "/api/v1/nodes/n" },
    {
      what: "a custom resource",
      kind: kinds.identity,
      namespace: "a",
      name: "b",
      path: "/apis/aadpodidentity.k8s.io/v1/namespaces/a/azureidentities/b",
    },
    {
      what: "a strange name",
      kind: kinds.pod,
      namespace: "a",
      name: "../b?",
      path: "/api/v1/namespaces/a/pods/..%2Fb%3F",
    },
  ])("$what", ({ kind, namespace, name, path }) => {
    expect(objectPath(kind, namespace, name)).toBe(path);
  });
});

describe("isOlder", () => {
  it.each([
    { a: "9", b: "10", older: true },
    { a: "10", b: "9", older: false },
    { a: "10", b: "10", older: false },
    { a: "18446744073709551614", b: "18446744073709551615", older: true },
    { a: "", b: "1", older: false },
    { a: "abc", b: "abd", older: false },
    { a: "1", b: "abd", older: false },
  ])("$a before $b: $older", ({ a, b, older }) => {
    expect(isOlder(a, b)).toBe(older);
  });
});

describe("what the server sends around objects", () => {
  it("is read whatever it is", () => {
    for (const odd of [undefined, null, 1, "text", [], { metadata: null }, { metadata: 1, items: {} }]) {
      expect(rawMeta(odd)).toEqual({ namespace: "", name: "", uid: "", resourceVersion: "" });
      expect(readPage(odd)).toEqual({ items: [], resourceVersion: "", next: "" });
      expect(readStatus(odd)).toEqual({ code: 0, reason: "", message: "", causes: [] });
    }
  });

  it("leaves parameters without a value out of a query", () => {
    expect(queryString({ a: "x=y", b: "", c: undefined })).toBe("?a=x%3Dy");
    expect(queryString({})).toBe("");
  });
});

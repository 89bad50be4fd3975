import { describe, expect, it } from "vitest";
import { jsonPatch, PatchFailed } from "./json-patch.ts";
import { mergePatch } from "./merge-patch.ts";

describe("jsonPatch", () => {
  it.each([
    { op: { op: "add", path: "/b", value: 1 }, then: { a: [1, 2], b: 1 } },
    { op: { op: "add", path: "/a/1", value: 9 }, then: { a: [1, 9, 2] } },
    { op: { op: "add", path: "/a/-", value: 9 }, then: { a: [1, 2, 9] } },
    { op: { op: "add", path: "", value: { whole: true } }, then: { whole: true } },
    { op: { op: "add", path: "/x~1y~0z", value: null }, then: { a: [1, 2], "x/y~z": null } },
    { op: { op: "replace", path: "/a/0", value: 9 }, then: { a: [9, 2] } },
    { op: { op: "remove", path: "/a/0" }, then: { a: [2] } },
    { op: { op: "remove", path: "/a" }, then: {} },
    { op: { op: "copy", from: "/a/0", path: "/b" }, then: { a: [1, 2], b: 1 } },
    { op: { op: "move", from: "/a", path: "/b" }, then: { b: [1, 2] } },
    { op: { op: "test", path: "/a", value: [1, 2] }, then: { a: [1, 2] } },
  ])("$op.op at $op.path", ({ op, then }) => {
    const document = { a: [1, 2] };
    expect(jsonPatch(document, [op])).toEqual(then);
    expect(document).toEqual({ a: [1, 2] });
  });

  it.each([
    { op: "test", path: "/a", value: [2, 1] },
    { op: "replace", path: "/b", value: 1 },
    { op: "remove", path: "/b" },
    { op: "remove", path: "/toString" },
    { op: "add", path: "/b/c", value: 1 },
    { op: "add", path: "/a/3", value: 1 },
    { op: "replace", path: "/a/2", value: 1 },
    { op: "replace", path: "/a/01", value: 1 },
    { op: "copy", from: "/b", path: "/c" },
    { op: "add", path: "b", value: 1 },
    { op: "merge", path: "/a", value: 1 },
  ])("refuses $op at $path", (operation) => {
    expect(() => jsonPatch({ a: [1, 2] }, [operation])).toThrow(PatchFailed);
  });
});

/** The examples of RFC 7386, appendix A. */
describe("mergePatch", () => {
  it.each([
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    [{ a: "foo" }, "bar", "bar"],
  ])("%j with %j gives %j", (document, patch, then) => {
    expect(mergePatch(document, patch)).toEqual(then);
  });
});

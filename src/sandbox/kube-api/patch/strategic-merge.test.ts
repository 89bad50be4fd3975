import { describe, expect, it } from "vitest";
import type { JsonObject } from "../json.ts";
import { StatusError } from "../status.ts";
import { strategicMerge } from "./strategic-merge.ts";

const a = { name: "a", image: "a:1", env: [{ name: "X", value: "1" }] };
const b = { name: "b", image: "b:1" };
const pod = {
  metadata: { labels: { app: "demo" }, finalizers: ["x/a", "x/b"] },
  spec: { containers: [a, b], volumes: [] },
};
const containers = (...list: readonly JsonObject[]) => ({ spec: { containers: list } });
const volume = { spec: { volumes: [{ name: "v", emptyDir: {} }] } };

describe("strategicMerge", () => {
  it.each([
    {
      when: "an item is changed by its key",
      patch: containers({ name: "b", image: "b:2" }),
      then: containers(a, { name: "b", image: "b:2" }),
    },
    { when: "an item is new: it comes first", patch: containers({ name: "c" }), then: containers({ name: "c" }, a, b) },
    { when: "an item goes", patch: containers({ name: "a", $patch: "delete" }), then: containers(b) },
    {
      when: "a list is replaced",
      patch: containers({ name: "c" }, { $patch: "replace" }),
      then: containers({ name: "c" }),
    },
    {
      when: "the order is told",
      patch: { spec: { "$setElementOrder/containers": [{ name: "b" }, { name: "a" }] } },
      then: containers(b, a),
    },
    {
      when: "the order is told and an item is new",
      patch: {
        spec: {
          "$setElementOrder/containers": [{ name: "a" }, { name: "c" }, { name: "b" }],
          containers: [{ name: "c", image: "c" }],
        },
      },
      then: containers(a, { name: "c", image: "c" }, b),
    },
    {
      when: "a list inside an item merges too",
      patch: containers({ name: "a", env: [{ name: "Y", value: "2" }] }),
      then: containers(
        {
          ...a,
          env: [
            { name: "Y", value: "2" },
            { name: "X", value: "1" },
          ],
        },
        b,
      ),
    },
    {
      when: "a field goes",
      patch: containers({ name: "a", env: null }),
      then: containers({ name: "a", image: "a:1" }, b),
    },
    {
      when: "a set gets more",
      patch: { metadata: { finalizers: ["x/c", "x/a"] } },
      then: { metadata: { labels: { app: "demo" }, finalizers: ["x/c", "x/a", "x/b"] } },
    },
    {
      when: "a set loses one",
      patch: { metadata: { "$deleteFromPrimitiveList/finalizers": ["x/a"] } },
      then: { metadata: { labels: { app: "demo" }, finalizers: ["x/b"] } },
    },
    {
      when: "a map is replaced",
      patch: { metadata: { labels: { tier: "back", $patch: "replace" } } },
      then: { metadata: { labels: { tier: "back" } } },
    },
    {
      when: "a list has no key: it is replaced",
      patch: { spec: { tolerations: [{ key: "k" }] } },
      then: { spec: { tolerations: [{ key: "k" }] } },
    },
    { when: "nulls in what is new mean nothing", patch: { spec: { securityContext: { runAsUser: null } } }, then: {} },
  ])("when $when", ({ patch, then }) => {
    expect(strategicMerge(pod, patch as JsonObject, "core.Pod")).toMatchObject(then);
  });

  it("keeps only the fields of a union that the patch names", () => {
    const patch = { spec: { volumes: [{ name: "v", $retainKeys: ["name", "secret"], secret: { secretName: "s" } }] } };
    expect(strategicMerge(volume, patch, "core.Pod")).toEqual({
      spec: { volumes: [{ name: "v", secret: { secretName: "s" } }] },
    });
  });

  it("names the key that an item lacks", () => {
    const patch = containers({ image: "c", env: [{ name: "X" }] });
    expect(() => strategicMerge(pod, patch, "core.Pod")).toThrow(
      new StatusError(500, "", "map: map[env:[map[name:X]] image:c] does not contain declared merge key: name"),
    );
  });

  it("leaves what it was given as it was", () => {
    const before = structuredClone(pod);
    strategicMerge(pod, containers({ name: "a", $patch: "delete" }), "core.Pod");
    expect(pod).toEqual(before);
  });
});

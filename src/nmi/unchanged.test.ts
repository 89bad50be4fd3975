import { expect, it } from "vitest";
import { LiveObjects } from "../../test/support/kube/live-objects.ts";
import { identity, pod } from "../../test/support/make.ts";
import type { Identity } from "../api/identity.ts";
import type { Pod } from "../api/pod.ts";
import { Unchanged } from "./unchanged.ts";

function setUp() {
  const pods = new LiveObjects<Pod>({}, pod("web"));
  const identities = new LiveObjects<Identity>({});
  const unchanged = new Unchanged<string>([pods, undefined, identities]);
  unchanged.keep("a", "found");
  return { pods, identities, unchanged };
}

it("keeps what was found while nothing changes", () => {
  const { unchanged } = setUp();
  expect([unchanged.get("a"), unchanged.get("b")]).toEqual(["found", undefined]);
});

it.each<{ what: string; change: (at: ReturnType<typeof setUp>) => void }>([
  { what: "an object changes", change: ({ pods }) => pods.put(pod("web", { selector: "other" })) },
  { what: "one of another kind comes", change: ({ identities }) => identities.put(identity("reader")) },
  { what: "one goes", change: ({ pods }) => pods.remove(pod("web")) },
])("knows nothing any more once $what", ({ change }) => {
  const at = setUp();
  change(at);
  expect(at.unchanged.get("a")).toBeUndefined();
});

it("keeps no more than so much, and listens no longer than it is used", () => {
  const { pods, unchanged } = setUp();
  for (let i = 0; i < 1000; i += 1) unchanged.keep(`key-${i}`, "found");
  expect([unchanged.get("a"), unchanged.get("key-999")]).toEqual([undefined, "found"]);
  unchanged[Symbol.dispose]();
  expect(pods.listeners).toBe(0);
});

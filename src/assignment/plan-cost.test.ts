import { expect, it } from "vitest";
import { snapshot } from "../../test/support/kube/small-cluster.ts";
import { binding, identity, pod } from "../../test/support/make.ts";
import { world } from "../../test/support/plan-lines.ts";
import type { Binding } from "../api/binding.ts";
import { desiredAssignments } from "./desired.ts";

/** How often bindings are asked for their selector while what is desired is worked out. */
function selectorsRead(podCount: number, bindingCount: number): number {
  let reads = 0;
  const counted = (one: Binding): Binding => ({
    ...one,
    get selector() {
      reads += 1;
      return one.selector;
    },
  });
  const names = Array.from({ length: bindingCount }, (_, i) => `id-${i}`);
  const pods = Array.from({ length: podCount }, (_, i) => pod(`web-${i}`, { selector: `id-${i % bindingCount}` }));
  const bindings = names.map((name) => counted(binding(name)));
  const identities = names.map((name) => identity(name));
  expect(desiredAssignments(snapshot({ ...world, pods, bindings, identities })).wanted).toHaveLength(podCount);
  return reads;
}

it("looks at each binding as often as there are bindings, however many pods there are", () => {
  expect(selectorsRead(400, 40)).toBe(selectorsRead(40, 40));
  expect(selectorsRead(40, 80)).toBeLessThanOrEqual(2 * selectorsRead(40, 40));
});

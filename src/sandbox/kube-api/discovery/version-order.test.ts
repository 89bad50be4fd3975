import { expect, it } from "vitest";
import { byPreference } from "./version-order.ts";

it("prefers what is no trial, then the higher number, then the name", () => {
  const versions = ["foo1", "v1alpha1", "v1", "v2beta1", "v10", "v2", "v1beta2", "v1beta10", "bar", "v2"];
  const ordered = ["v10", "v2", "v1", "v2beta1", "v1beta10", "v1beta2", "v1alpha1", "bar", "foo1"];
  expect(byPreference(versions)).toEqual(ordered);
});

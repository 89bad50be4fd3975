import { expect, it } from "vitest";
import { canonicalQuantity } from "./quantity.ts";

it.each([
  ["1024Mi", "1Gi"],
  ["1536Mi", "1536Mi"],
  ["0.5Gi", "512Mi"],
  ["1023", "1023"],
  ["1024Ki", "1Mi"],
  ["100m", "100m"],
  ["1000m", "1"],
  ["0.5", "500m"],
  [".25", "250m"],
  ["1.", "1"],
  ["2000k", "2M"],
  ["0.1n", "1n"],
  ["1e3", "1e3"],
  ["12e3", "12e3"],
  ["1E", "1E"],
  ["0Gi", "0"],
  ["-1500m", "-1500m"],
  ["much", "much"],
])("gives back %s as %s", (text, then) => {
  expect(canonicalQuantity(text)).toBe(then);
});

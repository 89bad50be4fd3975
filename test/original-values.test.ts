import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { nested } from "../tools/chart/nested.ts";
import { originalValues } from "./support/chart/original-values.ts";

it("the original's chart on a cluster has the values against which ours are held", () => {
  const text = readFileSync(join(import.meta.dirname, "cluster/upgrade/original-chart/values.yaml"), "utf8");
  // The original knows imagePullSecrets, and its file has no default for it.
  expect({ imagePullSecrets: [], ...(parse(text) as object) }).toEqual(nested(Object.entries(originalValues)));
});

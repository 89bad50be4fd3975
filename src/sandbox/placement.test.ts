import type { Node } from "kubernetes-types/core/v1.d.ts";
import { expect, it } from "vitest";
import { refusalOf } from "./placement.ts";

const NOT_READY = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };

/** A node as an API server keeps it that taints each new one, where no controller takes that away. */
function node(ready: string): Node {
  return { spec: { taints: [NOT_READY] }, status: { conditions: [{ type: "Ready", status: ready }] } };
}

it("puts pods on a node that says it is ready, whoever forgot its taint", () => {
  expect(refusalOf({ containers: [] }, node("True"))).toBeUndefined();
});

it("puts none on a node that is not", () => {
  const refused = "had untolerated taint {node.kubernetes.io/not-ready}";
  expect(refusalOf({ containers: [] }, node("False"))).toBe(refused);
});

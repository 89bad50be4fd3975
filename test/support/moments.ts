import fc from "fast-check";
import type { Snapshot } from "../../src/assignment/types.ts";
import { binding, identity, identityId, node, pod, scaleSetProviderId, vmProviderId } from "./make.ts";

const NODES = ["vm-0", "vm-1", "set-0", "set-1", "SET-2"];
const NAMES = ["a", "b", "a-b"];
const NAMESPACES = ["default", "shop", "b-shop"];

function nodeOf(name: string) {
  const [kind, instance = "0"] = name.split("-");
  const isSet = kind?.toLowerCase() === "set";
  return node(name, isSet ? scaleSetProviderId(kind ?? "", Number(instance)) : vmProviderId(name));
}

const name = fc.constantFrom(...NAMES);
const namespace = fc.constantFrom(...NAMESPACES);
const pods = fc
  .uniqueArray(
    fc.record({
      name,
      namespace,
      selector: fc.constantFrom("x", "y", ""),
      nodeName: fc.constantFrom("", "gone", ...NODES),
      phase: fc.constantFrom("Running", "Running", "Succeeded"),
    }),
    { selector: (one) => `${one.namespace}/${one.name}`, maxLength: 6 },
  )
  .map((list) =>
    list.map((one) =>
      pod(one.name, {
        namespace: one.namespace,
        selector: one.selector,
        spec: { nodeName: one.nodeName },
        status: { phase: one.phase },
      }),
    ),
  );
const identities = fc
  .uniqueArray(
    fc.record({
      name,
      namespace,
      type: fc.constantFrom(0, 0, 0, 1, 7),
      resource: fc.constantFrom("one", "ONE", "two", "/bad"),
      isNamespaced: fc.boolean(),
    }),
    { selector: (one) => `${one.namespace}/${one.name}`, maxLength: 4 },
  )
  .map((list) =>
    list.map((one) =>
      identity(one.name, {
        namespace: one.namespace,
        spec: { type: one.type, resourceID: identityId(one.resource) },
        annotations: one.isNamespaced ? { "aadpodidentity.k8s.io/Behavior": "namespaced" } : {},
      }),
    ),
  );
const bindings = fc
  .uniqueArray(fc.record({ name, namespace, selector: fc.constantFrom("x", "y"), weight: fc.nat(2) }), {
    selector: (one) => `${one.namespace}/${one.name}`,
    maxLength: 6,
  })
  .map((list) =>
    list.map(({ namespace, ...one }) =>
      binding(one.name, { namespace, spec: { selector: one.selector, weight: one.weight } }),
    ),
  );
const nodes = fc.subarray(NODES).map((names) => names.map(nodeOf));
/** What users may have in a cluster, and its nodes. */
export const moment = fc.record({ pods, nodes, identities, bindings });
export type Moment = { [Key in "pods" | "nodes" | "identities" | "bindings"]: Snapshot[Key] };

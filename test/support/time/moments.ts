import fc from "fast-check";
import type { Snapshot } from "../../../src/assignment/types.ts";
import { binding, identity, identityId, node, pod, scaleSetProviderId, vmProviderId } from "../make.ts";

const NODES = ["vm-0", "vm-1", "set-0", "set-1", "SET-2"];
const NAMES = ["a", "b", "a-b"];
const NAMESPACES = ["default", "shop", "b-shop"];

function nodeOf(name: string) {
  const [kind, instance = "0"] = name.split("-");
  const isSet = kind?.toLowerCase() === "set";
  return node(name, isSet ? scaleSetProviderId(kind ?? "", Number(instance)) : vmProviderId(name));
}

const name = fc.constantFrom(...NAMES);
// Most in one place, so that much of what is drawn meets.
const namespace = fc.constantFrom("default", "default", "default", ...NAMESPACES);
const pods = fc
  .uniqueArray(
    fc.record({
      name,
      namespace,
      selector: fc.constantFrom("x", "x", "y", ""),
      nodeName: fc.constantFrom("", "gone", ...NODES, ...NODES),
      phase: fc.constantFrom("Running", "Running", "Running", "Succeeded"),
    }),
    { selector: (one) => `${one.namespace}/${one.name}`, minLength: 4, maxLength: 8 },
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
      type: fc.constantFrom(0, 0, 0, 0, 0, 1, 7),
      resource: fc.constantFrom("one", "one", "ONE", "two", "two", "/bad"),
      isNamespaced: fc.constantFrom(true, false, false),
    }),
    { selector: (one) => `${one.namespace}/${one.name}`, minLength: 3, maxLength: 5 },
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
  .uniqueArray(fc.record({ name, namespace, selector: fc.constantFrom("x", "x", "y"), weight: fc.nat(2) }), {
    selector: (one) => `${one.namespace}/${one.name}`,
    minLength: 3,
    maxLength: 6,
  })
  .map((list) =>
    list.map(({ namespace, ...one }) =>
      binding(one.name, { namespace, spec: { selector: one.selector, weight: one.weight } }),
    ),
  );
const nodes = fc
  .oneof({ weight: 3, arbitrary: fc.constant(NODES) }, { weight: 1, arbitrary: fc.subarray(NODES) })
  .map((names) => names.map(nodeOf));
/** What users may have in a cluster, and its nodes. */
export const moment = fc.record({
  pods: seldomNone(pods),
  nodes,
  identities: seldomNone(identities),
  bindings: seldomNone(bindings),
});
export type Moment = { [Key in "pods" | "nodes" | "identities" | "bindings"]: Snapshot[Key] };

function seldomNone<T>(list: fc.Arbitrary<readonly T[]>): fc.Arbitrary<readonly T[]> {
  return fc.oneof({ weight: 15, arbitrary: list }, { weight: 1, arbitrary: fc.constant([]) });
}

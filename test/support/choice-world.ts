import fc from "fast-check";
import { BEHAVIOR_ANNOTATION } from "../../src/api/kinds.ts";
import { assignment, binding, exception, identity, identityId, pod } from "./make.ts";

/** Objects that decide which pod gets which identity, as people write them; records are MIC's. */
export type PodSpec = { ns: string; name: string; selector: string; app: string };
export type IdentitySpec = { ns: string; name: string; client: string; resource: string; own: boolean };
export type BindingSpec = { ns: string; name: string; identity: string; selector: string; weight: number };
/** `pod` and `of` are places in the world's lists; `client` is empty where the record's copy is as the identity is. */
type RecordSpec = { pod: number; of: number; ns: string; node: string; state: string; client: string; ending: boolean };
type ExceptionSpec = { ns: string; name: string; app: string };
export type World = {
  pods: PodSpec[];
  identities: IdentitySpec[];
  bindings: BindingSpec[];
  records: RecordSpec[];
  exceptions: ExceptionSpec[];
};
/** How a request names an identity. */
export type Query = { client?: string; resource?: string };

/** A namespace and a name as one word. */
export function keyOf({ ns, name }: { readonly ns: string; readonly name: string }): string {
  return `${ns}/${name}`;
}

const ns = fc.constantFrom("default", "team");
const name = fc.constantFrom("a", "b", "c");
const identityName = fc.constantFrom("one", "two");
const selector = fc.constantFrom("x", "x", "x", "x", "y", "X", "");
const client = fc.constantFrom("c-one", "C-ONE", "c-two", "c-three");
const resource = fc.constantFrom("one", "two", "ONE").map((word) => identityId(word));
const unique = { selector: keyOf, minLength: 1, maxLength: 6, size: "max" } as const;
const mostly = <T>(usual: T, ...others: readonly T[]) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });

/** Worlds with few names, so that objects meet: same labels, same IDs in another case, same names elsewhere. */
export const worlds: fc.Arbitrary<World> = fc.record({
  pods: fc.uniqueArray(fc.record({ ns, name, selector, app: fc.constantFrom("red", "blue", "BLUE") }), unique),
  identities: fc.uniqueArray(fc.record({ ns, name: identityName, client, resource, own: mostly(false, true) }), unique),
  bindings: fc.uniqueArray(
    fc.record({ ns, name, identity: identityName, selector, weight: fc.integer({ min: -1, max: 1 }) }),
    unique,
  ),
  records: fc.array(
    fc.record({
      pod: fc.nat(5),
      of: fc.nat(3),
      ns: mostly("default", "team"),
      node: mostly("node-0", "node-1"),
      state: mostly("Assigned", "", "Created", "Unassigned"),
      client: mostly("", "c-one", "C-ONE", "c-two"),
      ending: mostly(false, true),
    }),
    { minLength: 8, maxLength: 40, size: "max" },
  ),
  exceptions: fc.uniqueArray(fc.record({ ns, name, app: fc.constantFrom("Blue", "violet") }), {
    selector: keyOf,
    maxLength: 2,
  }),
});

export const queries: fc.Arbitrary<readonly Query[]> = fc.tuple(
  fc.constant({}),
  fc.record({ client }),
  fc.record({ resource }),
  fc.record({ client: fc.constantFrom("nobody", "c-one"), resource }),
);

/** The address of the pod at that place of the list. */
export function addressOf(index: number): string {
  return `10.244.0.${index + 2}`;
}

/** The objects of a world as they are read from the API server. */
export function objectsOf(world: World) {
  const pods = world.pods.map((one, i) =>
    pod(one.name, {
      ...metaOf(one, "pod"),
      selector: one.selector,
      labels: { app: one.app },
      status: { podIP: addressOf(i) },
    }),
  );
  const identities = world.identities.map((one) =>
    identity(one.name, {
      ...metaOf(one, "identity"),
      annotations: one.own ? { [BEHAVIOR_ANNOTATION]: "namespaced" } : {},
      spec: { clientID: one.client, resourceID: one.resource },
    }),
  );
  const bindings = world.bindings.map((one) => {
    const spec = { azureIdentity: one.identity, selector: one.selector, weight: one.weight };
    const made = binding(one.name, { ...metaOf(one, "binding"), spec });
    return { ...made, meta: { ...made.meta, name: one.name } };
  });
  const assignments = world.records.flatMap((record, i) => {
    const [of, assigned] = [pods[record.pod], identities[record.of]];
    if (of === undefined || assigned === undefined) return [];
    const copy = { ...assigned, clientId: record.client === "" ? assigned.clientId : record.client };
    const over = { namespace: record.ns, uid: `record-${i}`, nodeName: record.node };
    const made = assignment({ pod: of, identity: copy, binding: binding("any") }, record.state as "Assigned", over);
    const deletionTimestamp = record.ending ? "2026-01-01T00:00:00Z" : "";
    return [{ ...made, meta: { ...made.meta, name: `record-${i}`, deletionTimestamp } }];
  });
  const exceptions = world.exceptions.map((one) => exception(one.name, { app: one.app }, { namespace: one.ns }));
  return { pods, identities, bindings, assignments, exceptions };
}

function metaOf(one: { readonly ns: string; readonly name: string }, kind: string) {
  return { namespace: one.ns, uid: `${kind}-${keyOf(one)}` };
}

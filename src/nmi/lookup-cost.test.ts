import { expect, it } from "vitest";
import { LiveObjects } from "../../test/support/kube/live-objects.ts";
import { assignment, binding, identity, pod } from "../../test/support/make.ts";
import { any } from "../../test/support/recorded-identities.ts";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import type { Identity } from "../api/identity.ts";
import { Callers, podIndexes } from "./callers/callers.ts";
import { assignmentIndexes, bindingIndexes, IdentityLookup } from "./lookup.ts";

const PODS = 500;
const REQUESTS = 100;
const never = new AbortController().signal;

/** The same indexes, which count how many objects they are asked about. */
function counting<T>(indexes: Readonly<Record<string, (object: T) => readonly string[]>>, count: { looks: number }) {
  const counted = Object.entries(indexes).map(([name, keysOf]) => {
    const look = (object: T) => {
      count.looks += 1;
      return keysOf(object);
    };
    return [name, look] as const;
  });
  return Object.fromEntries(counted);
}

it("a request looks at what is about its pod, however many others the node has", async () => {
  const count = { looks: 0 };
  const objects = {
    pods: new LiveObjects(counting(podIndexes, count)),
    identities: new LiveObjects<Identity>(),
    bindings: new LiveObjects(counting(bindingIndexes, count)),
    assignments: new LiveObjects(counting(assignmentIndexes, count)),
  };
  for (let i = 0; i < PODS; i += 1) {
    const one = pod(`pod-${i}`, { selector: `id-${i}`, status: { podIP: `10.244.${i >> 8}.${i & 255}` } });
    const of = { pod: one, identity: identity(`id-${i}`), binding: binding(`id-${i}`) };
    objects.pods.put(of.pod);
    objects.identities.put(of.identity);
    objects.bindings.put(of.binding);
    objects.assignments.put(assignment(of));
  }
  const clock = new FakeClock();
  const patience = { attemptsForCreated: 1, attemptsForAssigned: 1, intervalSeconds: 1 };
  const callers = new Callers({ pods: objects.pods, ownAddresses: () => new Set(), clock });
  const lookup = new IdentityLookup({ ...objects, rules: { namespacedOnly: false }, patience, clock });
  count.looks = 0;
  for (let i = 0; i < REQUESTS; i += 1) {
    const caller = await callers.of({ remoteAddress: `10.244.0.${i}` }, never);
    expect((await lookup.assignedTo(caller, any, never)).identity.meta.name).toBe(`id-${i}`);
  }
  expect(count.looks).toBeLessThan(10 * REQUESTS);
});

import type { AssignmentState } from "../../../src/api/assignment.ts";
import type { Identity } from "../../../src/api/identity.ts";
import { podIndexes } from "../../../src/nmi/callers/callers.ts";
import { assignmentIndexes, bindingIndexes, IdentityLookup } from "../../../src/nmi/lookup.ts";
import { LiveObjects } from "../kube/live-objects.ts";
import { assignment, binding, identity, pod } from "../make.ts";
import { any } from "../recorded-identities.ts";
import { FakeClock } from "../time/fake-clock.ts";

export const never = new AbortController().signal;
export const web = pod("web");
export const reader = identity("reader");
export const bound = binding("reader", { spec: { selector: "demo" } });
export const record = (state: AssignmentState) => assignment({ pod: web, identity: reader, binding: bound }, state);

export const longPatience = { attemptsForCreated: 16, attemptsForAssigned: 4, intervalSeconds: 5 };

/** A lookup over objects of the test, in which `web` has a binding of `reader` and no record of it. */
export function setUp(patience = longPatience) {
  const clock = new FakeClock();
  const objects = {
    pods: new LiveObjects(podIndexes, web),
    identities: new LiveObjects<Identity>({}, reader),
    bindings: new LiveObjects(bindingIndexes, bound),
    assignments: new LiveObjects(assignmentIndexes),
  };
  const lookup = new IdentityLookup({ ...objects, rules: { namespacedOnly: false }, patience, clock });
  const find = (signal = never) => {
    const result = lookup.assignedTo(web, any, signal);
    result.catch(() => {});
    return result;
  };
  const listeners = () => Object.values(objects).map((live) => live.listeners);
  return { ...objects, clock, lookup, find, listeners };
}

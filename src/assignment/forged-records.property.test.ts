import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SmallCluster } from "../../test/support/kube/small-cluster.ts";
import { identityId } from "../../test/support/make.ts";
import { clusterAfter, history, look, needed } from "../../test/support/pasts.ts";
import { type Moment, moment } from "../../test/support/time/moments.ts";
import { type Assignment, readAssignment } from "../api/assignment.ts";
import { readMachineId } from "../api/machine-id.ts";
import { planAssignments } from "./plan.ts";

/** How a text is changed that stands for a machine: Azure, or a URL, may take some of these for the machine itself. */
const forgery = fc.record({
  which: fc.nat(7),
  resource: fc.constantFrom("one", "two"),
  spell: fc.constantFrom<(id: string) => string>(
    (id) => id,
    (id) => `${id}/`,
    (id) => `${id}/extensions/x`,
    (id) => `${id}/virtualMachines/0`,
    (id) => `azure://${id}`,
    (id) => id.slice(1),
    (id) => id.toUpperCase(),
    (id) => id.replace("/rg/", "/x/../rg/"),
    (id) => id.replace("/rg/", "//rg/"),
    (id) => `${id}?a=b`,
    (id) => `${id}%20`,
    (id) => ` ${id}`,
    () => "..",
  ),
  what: fc.constantFrom("machine", "machine of another node", "leftovers"),
});

/** What a tenant writes into `default` about a machine and an identity that others use. */
function forgedRecord(
  cluster: SmallCluster,
  at: Moment,
  { which, resource, spell, what }: typeof forgery extends fc.Arbitrary<infer One> ? One : never,
): Assignment | undefined {
  const known = [...cluster.machines.keys(), ...needed(look(cluster, at)).map((one) => one.split(" ")[0] ?? "")];
  const id = known[which % Math.max(1, known.length)];
  if (id === undefined) return undefined;
  const resourceId = identityId(resource);
  const text = what === "leftovers" ? JSON.stringify([{ machine: spell(id), resourceId }]) : spell(id);
  return readAssignment({
    metadata: {
      name: `forged-${which}`,
      namespace: "default",
      annotations: {
        [`aadpodidentity.k8s.io/${what === "leftovers" ? what : "machine"}`]: text,
        ...(what === "machine" ? { "aadpodidentity.k8s.io/machine-node": "nowhere" } : {}),
      },
    },
    spec: {
      azureIdentityRef: { metadata: { name: "x", namespace: "default" }, spec: { type: 0, resourceID: resourceId } },
      pod: "nobody",
      podNamespace: "default",
      nodename: "nowhere",
    },
    status: { status: "Assigned" },
  });
}

describe("planAssignments", () => {
  it("never takes off what a pod needs, whatever somebody writes into a record's annotations", () => {
    fc.assert(
      fc.property(history, moment, fc.array(forgery, { minLength: 1, maxLength: 4 }), (past, at, forgeries) => {
        const cluster = clusterAfter(past);
        const inUse = new Set(needed(look(cluster, at)));
        const forged = forgeries.flatMap((one) => forgedRecord(cluster, at, one) ?? []);
        const seen = look(cluster, at);
        for (const { machine, detach } of planAssignments({ ...seen, assignments: [...seen.assignments, ...forged] })
          .machines) {
          expect(machine === "" || readMachineId(machine)?.id === machine).toBe(true);
          for (const id of detach) expect(inUse).not.toContain(`${machine} ${id}`);
        }
      }),
      { numRuns: 300 },
    );
  }, 30_000);
});

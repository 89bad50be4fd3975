import { describe, expect, it } from "vitest";
import { identityId, vmProviderId } from "../../test/support/make.ts";
import { isIdentityResourceId, type Placement, readPlaces, writePlaces } from "./placement.ts";
import { resourceKey } from "./resource-id.ts";

const machine = resourceKey(vmProviderId("vm-0").replace("azure://", ""));
const placement = { machine, resourceId: resourceKey(identityId("demo")) };

const of = { nodeName: "node-0", resourceId: identityId("Demo") };
const empty = { machine: "", nodeName: "node-0", leftovers: [] };

function written(at: string, leftovers: readonly Placement[]): Record<string, string> {
  const all = Object.entries(writePlaces({ machine: at, nodeName: "node-0", leftovers }));
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== null));
}

describe("placements in annotations", () => {
  it("are read as they were written", () => {
    expect(readPlaces(written(machine, [placement]), of)).toEqual({ machine, leftovers: [placement] });
  });

  it("are removed where there is nothing to say", () => {
    expect(Object.values(writePlaces(empty))).toEqual([null, null, null]);
    expect(readPlaces({}, of)).toEqual({ machine: "", leftovers: [] });
  });

  it.each([
    { when: "of another node", annotations: written(machine, []), nodeName: "node-1" },
    {
      when: "of a node that is not named",
      annotations: { "aadpodidentity.k8s.io/machine": machine },
      nodeName: "node-0",
    },
  ])("take a machine $when for one that the identity was on", ({ annotations, nodeName }) => {
    expect(readPlaces(annotations, { ...of, nodeName })).toEqual({ machine: "", leftovers: [placement] });
    expect(readPlaces(annotations, { nodeName, resourceId: "" })).toEqual({ machine: "", leftovers: [] });
  });

  it.each(["", "{", "{}", "[1]", '[{"machine":"vm"}]', '[{"machine":"vm","resourceId":"demo"}]'])(
    "leave out %j, which is none",
    (text) => {
      expect(readPlaces({ "aadpodidentity.k8s.io/leftovers": text }, of).leftovers).toEqual([]);
    },
  );

  it("compare in one spelling, whoever wrote them", () => {
    const upper = { machine: machine.toUpperCase(), resourceId: identityId("DEMO") };
    expect(readPlaces(written(upper.machine, [upper]), of)).toEqual({ machine, leftovers: [placement] });
  });

  it.each(["/", "/extensions/x", "/..", " "])("name no machine with %j behind it", (tail) => {
    const annotations = written(`${machine}${tail}`, [{ ...placement, machine: `${machine}${tail}` }]);
    for (const nodeName of ["node-0", "node-1"]) {
      expect(readPlaces(annotations, { ...of, nodeName })).toEqual({ machine: "", leftovers: [] });
    }
  });

  it("know the resource ID of a user-assigned identity", () => {
    expect([identityId("demo"), machine, ""].map(isIdentityResourceId)).toEqual([true, false, false]);
  });
});

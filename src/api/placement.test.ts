import { describe, expect, it } from "vitest";
import { identityId, vmProviderId } from "../../test/support/make.ts";
import { isIdentityResourceId, readLeftovers, readMachine, writePlacement } from "./placement.ts";
import { resourceKey } from "./resource-id.ts";

const machine = resourceKey(vmProviderId("vm-0").replace("azure://", ""));
const placement = { machine, resourceId: resourceKey(identityId("demo")) };

function written(...args: Parameters<typeof writePlacement>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(writePlacement(...args)).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}

describe("placements in annotations", () => {
  it("are read as they were written", () => {
    const annotations = written(machine, [placement]);
    expect(readMachine(annotations)).toBe(machine);
    expect(readLeftovers(annotations)).toEqual([placement]);
  });

  it("are removed where there is nothing to say", () => {
    expect(Object.values(writePlacement("", []))).toEqual([null, null]);
    expect([readMachine({}), readLeftovers({})]).toEqual(["", []]);
  });

  it.each(["", "{", "{}", "[1]", '[{"machine":"vm"}]', '[{"machine":"vm","resourceId":"demo"}]'])(
    "leave out %j, which is none",
    (text) => {
      const [, key = ""] = Object.keys(writePlacement("", []));
      expect(readLeftovers({ [key]: text })).toEqual([]);
    },
  );

  it("compare in one spelling, whoever wrote them", () => {
    const upper = { machine: machine.toUpperCase(), resourceId: identityId("DEMO") };
    expect(readMachine(written(machine.toUpperCase(), []))).toBe(machine);
    expect(readLeftovers(written(machine, [upper]))).toEqual([placement]);
  });

  it.each(["/", "/extensions/x", "/..", " "])("name no machine with %j behind it", (tail) => {
    const annotations = written(`${machine}${tail}`, [{ ...placement, machine: `${machine}${tail}` }]);
    expect([readMachine(annotations), readLeftovers(annotations)]).toEqual(["", []]);
  });

  it("know the resource ID of a user-assigned identity", () => {
    expect([identityId("demo"), machine, ""].map(isIdentityResourceId)).toEqual([true, false, false]);
  });
});

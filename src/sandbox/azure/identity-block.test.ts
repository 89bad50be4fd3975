import { describe, expect, it } from "vitest";
import { type AttachedIdentity, type IdentityBlock, NO_IDENTITY, patchedIdentity } from "./identity-block.ts";
import { identityId, lookupKey } from "./resource-id.ts";

const GROUP = "/subscriptions/s/resourceGroups/Identities";
const MACHINE = "/subscriptions/s/resourceGroups/nodes/providers/Microsoft.Compute/virtualMachines/vm-0";
const [a, b, gone] = ["a", "b", "gone"].map((name) => identityId(GROUP, name)) as [string, string, string];
const existing = new Map([a, b].map((id) => [lookupKey(id), attached(id)]));
const own = { clientId: "own client", principalId: "own principal" };

function attached(id: string, principalId = `principal of ${id}`): AttachedIdentity {
  return { id, clientId: `client of ${id}`, principalId };
}

function block(ids: readonly string[], systemAssigned?: IdentityBlock["systemAssigned"]): IdentityBlock {
  return { systemAssigned, userAssigned: new Map(ids.map((id) => [lookupKey(id), attached(id)])) };
}

function patch(current: IdentityBlock, identity: unknown): IdentityBlock {
  return patchedIdentity(current, identity, { machineId: MACHINE, find: (id) => existing.get(lookupKey(id)) });
}

function idsOf({ userAssigned }: IdentityBlock): string[] {
  return [...userAssigned.values()].map(({ id }) => id);
}

const both = "SystemAssigned, UserAssigned";

describe("patchedIdentity", () => {
  it.each([
    { when: "one is added to none", from: block([]), type: "UserAssigned", map: { [a]: {} }, then: [a] },
    { when: "one is added to another", from: block([a]), type: "UserAssigned", map: { [b]: {} }, then: [a, b] },
    { when: "one is swapped", from: block([a]), type: "UserAssigned", map: { [a]: null, [b]: {} }, then: [b] },
    { when: "one that is there is added", from: block([a]), type: "UserAssigned", map: { [a]: {} }, then: [a] },
    { when: "one that is absent is removed", from: block([a]), type: "UserAssigned", map: { [b]: null }, then: [a] },
    {
      when: "one that Azure has no more is removed",
      from: block([a, gone]),
      type: both,
      map: { [gone]: null },
      then: [a],
    },
    { when: "the map is left out", from: block([a]), type: "UserAssigned", map: undefined, then: [a] },
    { when: "the type is None", from: block([a, b]), type: "None", map: undefined, then: [] },
    { when: "the type is None and a removal is named", from: block([a]), type: "None", map: { [a]: null }, then: [] },
    { when: "the type is SystemAssigned", from: block([a]), type: "SystemAssigned", map: undefined, then: [] },
  ])("$when", ({ from, type, map, then }) => {
    expect(idsOf(patch(from, { type, userAssignedIdentities: map }))).toEqual(then);
  });

  it("takes types and IDs in any case and keeps the identity's own spelling", () => {
    const next = patch(NO_IDENTITY, { type: "userassigned", userAssignedIdentities: { [a.toUpperCase()]: {} } });
    expect(idsOf(next)).toEqual([a]);
    expect(idsOf(patch(next, { type: both, userAssignedIdentities: { [b]: {}, [a.toLowerCase()]: null } }))).toEqual([
      b,
    ]);
  });

  it.each([
    { type: both, then: own },
    { type: "SystemAssigned", then: own },
    { type: "UserAssigned", then: undefined },
    { type: "None", then: undefined },
  ])("with type $type leaves the machine's own identity as $then", ({ type, then }) => {
    expect(patch(block([a], own), { type }).systemAssigned).toEqual(then);
  });

  it("gives a machine an identity of its own when asked to", () => {
    expect(patch(NO_IDENTITY, { type: "SystemAssigned" }).systemAssigned?.principalId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("leaves an identity that was deleted and made anew as it was attached", () => {
    const old = { systemAssigned: undefined, userAssigned: new Map([[lookupKey(a), attached(a, "old principal")]]) };
    const next = patch(old, { type: "UserAssigned", userAssignedIdentities: { [a]: {} } });
    expect(next.userAssigned.get(lookupKey(a))?.principalId).toBe("old principal");
  });

  it.each([
    { when: "has no type", identity: {}, code: "InvalidRequestContent" },
    { when: "has an unknown type", identity: { type: "Magic" }, code: "InvalidRequestContent" },
    { when: "mixes None with others", identity: { type: "None, UserAssigned" }, code: "InvalidRequestContent" },
    { when: "is no object", identity: null, code: "InvalidRequestContent" },
    {
      when: "lists identities as an array",
      identity: { type: both, userAssignedIdentities: [a] },
      code: "InvalidRequestContent",
    },
    { when: "leaves no identity", identity: { type: "UserAssigned" }, code: "MissingIdentityIds" },
    {
      when: "adds one under type SystemAssigned",
      identity: { type: "SystemAssigned", userAssignedIdentities: { [a]: {} } },
      code: "InvalidParameter",
    },
    {
      when: "names something else",
      identity: { type: "UserAssigned", userAssignedIdentities: { demo: {} } },
      code: "LinkedInvalidPropertyId",
    },
    {
      when: "gives an odd value",
      identity: { type: "UserAssigned", userAssignedIdentities: { [a]: true } },
      code: "InvalidIdentityValues",
    },
  ])("refuses a change that $when", ({ identity, code }) => {
    expect(() => patch(NO_IDENTITY, identity)).toThrow(expect.objectContaining({ status: 400, code }));
  });

  it("names an identity that Azure does not have as the caller wrote it, and changes nothing", () => {
    const current = block([b]);
    const spelled = gone.toLowerCase();
    const change = () => patch(current, { type: "UserAssigned", userAssignedIdentities: { [a]: {}, [spelled]: {} } });

    expect(change).toThrow(
      `Identity operation for resource '${MACHINE}' failed with error 'Failed to perform resource identity operation. Status: 'BadRequest'. Response: '{"error":{"code":"BadRequest","message":"Resource '${spelled}' was not found."}}'.'.`,
    );
    expect(change).toThrow(expect.objectContaining({ code: "FailedIdentityOperation" }));
    expect(idsOf(current)).toEqual([b]);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { identityPatches, type MachineIdentity, PATCH_SIZE, patched } from "./identity-patch.ts";

const machine = (type: string, ...ids: string[]): MachineIdentity => ({ type, userAssigned: new Set(ids) });

describe("identityPatches", () => {
  it.each([
    {
      from: machine("None"),
      attach: ["a"],
      detach: [],
      then: [{ type: "UserAssigned", userAssignedIdentities: { a: {} } }],
    },
    {
      from: machine(""),
      attach: ["a"],
      detach: [],
      then: [{ type: "UserAssigned", userAssignedIdentities: { a: {} } }],
    },
    {
      from: machine("SystemAssigned"),
      attach: ["a"],
      detach: [],
      then: [{ type: "SystemAssigned, UserAssigned", userAssignedIdentities: { a: {} } }],
    },
    {
      from: machine("UserAssigned", "a"),
      attach: ["b"],
      detach: ["a"],
      then: [{ type: "UserAssigned", userAssignedIdentities: { b: {}, a: null } }],
    },
    { from: machine("UserAssigned", "a"), attach: [], detach: ["a"], then: [{ type: "None" }] },
    {
      from: machine("SystemAssigned,UserAssigned", "a"),
      attach: [],
      detach: ["a"],
      then: [{ type: "SystemAssigned" }],
    },
    {
      from: machine("SystemAssigned, UserAssigned", "a", "b"),
      attach: [],
      detach: ["a"],
      then: [{ type: "SystemAssigned, UserAssigned", userAssignedIdentities: { a: null } }],
    },
    { from: machine("SystemAssigned"), attach: [], detach: ["a"], then: [] },
    { from: machine("UserAssigned", "a"), attach: ["a"], detach: ["b"], then: [] },
    { from: machine("UserAssigned", "a"), attach: ["a"], detach: ["a"], then: [] },
    { from: machine("None"), attach: [], detach: [], then: [] },
  ])("from $from.type with attach $attach and detach $detach", ({ from, attach, detach, then }) => {
    expect(identityPatches(from, { attach, detach })).toEqual(then);
  });

  const ids = fc.uniqueArray(
    fc.nat(400).map((n) => `id-${n}`),
    { maxLength: 320 },
  );

  it("leads to exactly what is wished, in small steps that never leave a machine without any on the way", () => {
    fc.assert(
      fc.property(ids, ids, ids, fc.constantFrom("None", "SystemAssigned"), (present, attach, detach, own) => {
        const from = machine(
          present.length > 0 ? (own === "None" ? "UserAssigned" : "SystemAssigned, UserAssigned") : own,
          ...present,
        );
        const patches = identityPatches(from, { attach, detach });
        let current = from;
        for (const patch of patches) {
          expect(Object.keys(patch.userAssignedIdentities ?? {}).length).toBeLessThanOrEqual(PATCH_SIZE);
          expect(patch.type.includes("SystemAssigned")).toBe(own === "SystemAssigned");
          current = patched(current, patch);
          if (patch !== patches.at(-1)) expect(current.userAssigned.size).toBeGreaterThan(0);
        }
        const wished = new Set([...present.filter((id) => !detach.includes(id)), ...attach]);
        expect([...current.userAssigned].sort()).toEqual([...wished].sort());
        if (present.length === wished.size && present.every((id) => wished.has(id))) expect(patches).toEqual([]);
      }),
    );
  });
});

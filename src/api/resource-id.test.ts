import { describe, expect, it } from "vitest";
import { Fault } from "../base/fault.ts";
import { checkIdentityResourceId, isSameResource, parseResourceId } from "./resource-id.ts";

const vm = {
  subscription: "s",
  resourceGroup: "g",
  provider: "Microsoft.Compute",
  type: "virtualMachines",
  name: "vm-0",
};

describe("parseResourceId", () => {
  it.each([
    ["/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm-0", vm],
    ["azure:///subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm-0", vm],
    ["/SUBSCRIPTIONS/s/RESOURCEGROUPS/g/PROVIDERS/Microsoft.Compute/virtualMachines/vm-0", vm],
    [
      "azure:///subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/set/virtualMachines/3",
      { ...vm, type: "virtualMachineScaleSets", name: "set" },
    ],
    ["", undefined],
    ["asdf", undefined],
    ["/subscriptions/asdf/resourceGroups/qwery", undefined],
    ["before/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm-0", undefined],
    ["aws:///us-east-1/i-0123", undefined],
  ])("reads %s", (text, parts) => {
    expect(parseResourceId(text)).toEqual(parts);
  });
});

describe("checkIdentityResourceId", () => {
  const good = "/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/demo";

  it.each([good, good.toUpperCase(), good.replace("resourcegroups", "resourceGroups")])("accepts %s", (id) => {
    expect(() => checkIdentityResourceId(id)).not.toThrow();
  });

  it.each([
    "",
    "invalidresid",
    good.replace("userAssignedIdentities/", ""),
    `x${good}`,
    `${good}/more`,
    `${good} `,
    good.replace(".", "x"),
  ])('refuses "%s" with the form that it must have', (id) => {
    const check = () => checkIdentityResourceId(id);
    expect(check).toThrow(/^invalid resource id: ".*", must match \/subscriptions\/<subid>\/resourcegroups\//);
    expect(check).toThrow(Fault);
  });
});

it("compares resource ids without regard to case", () => {
  expect(isSameResource("/subscriptions/S/resourceGroups/g", "/subscriptions/s/resourcegroups/G")).toBe(true);
  expect(isSameResource("/subscriptions/s", "/subscriptions/t")).toBe(false);
});

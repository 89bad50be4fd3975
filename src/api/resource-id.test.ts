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

  const inGroup = (group: string) => good.replace("/g/", `/${group}/`);
  const named = (name: string) => good.replace("/demo", `/${name}`);

  it.each([
    good,
    good.toUpperCase(),
    good.replace("resourcegroups", "resourceGroups"),
    good.replace("/s/", "/9f3e6c0a-1b2d-4c5e-8f70-a1b2c3d4e5f6/"),
    ...["My_Group-1.x(2)", "Größe", "x".repeat(90)].map(inGroup),
    ...["1-My_id", "x".repeat(128)].map(named),
  ])("accepts %s", (id) => {
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
    good.replace("/s/", `/${"x".repeat(65)}/`),
    good.replace("/s/", "/a b/"),
    ...["ends.", "x".repeat(91), "a,b", "$(reboot)", "a'b", 'a"b'].map(inGroup),
    ...["demo,x", "demo;reboot", "$(reboot)", "`reboot`", "de'mo", "-demo", "x".repeat(129), "demo\n", "ſmart"].map(
      named,
    ),
  ])('refuses "%s" with the form that it must have', (id) => {
    const check = () => checkIdentityResourceId(id);
    expect(check).toThrow(/^invalid resource id: ".*", must match \/subscriptions\/<subid>\/resourcegroups\//s);
    expect(check).toThrow(Fault);
  });

  it("repeats only the beginning of what is far too long", () => {
    const check = () => checkIdentityResourceId("x".repeat(1_000_000));
    expect(check).toThrow(/^invalid resource id: "x{500}…", must match /);
  });
});

it("compares resource ids without regard to case", () => {
  expect(isSameResource("/subscriptions/S/resourceGroups/g", "/subscriptions/s/resourcegroups/G")).toBe(true);
  expect(isSameResource("/subscriptions/s", "/subscriptions/t")).toBe(false);
});

import { describe, expect, it } from "vitest";
import { armError, vm } from "../../test/support/azure/arm-error.ts";
import { identityId } from "../../test/support/make.ts";
import { resourceKey } from "../api/resource-id.ts";
import type { Fault } from "../base/fault.ts";
import { armFault } from "./arm-fault.ts";
import { blame } from "./blame.ts";

const one = identityId("one");

describe("blame", () => {
  const notFound = (ids: string) =>
    armFault(armError(400, "FailedIdentityOperation", `Status: 'BadRequest'. Resource '${ids}' was not found.`), vm);
  const missing = (where: string) => {
    const message = `The Resource 'Microsoft.ManagedIdentity/userAssignedIdentities/One'${where} was not found.`;
    return armFault(armError(404, "ResourceNotFound", message), vm);
  };
  const [sound, other] = [resourceKey(one), resourceKey(identityId("other"))];
  const foreign = sound.replace("/subscriptions/sub/", "/subscriptions/other/");

  it("falls on whole IDs that were sent, not on the beginning of another", () => {
    const longer = `${sound},x`;
    expect(blame(notFound(longer), [sound, longer])).toEqual({ kind: "named", ids: [longer] });
    expect(blame(notFound(`${one}.`), [sound, other])).toEqual({ kind: "named", ids: [sound] });
  });

  it.each([
    { where: " under resource group 'RG'", sent: [sound, other], then: { kind: "named", ids: [sound] } },
    { where: " under resource group 'RG'", sent: [foreign, other], then: { kind: "named", ids: [foreign] } },
    { where: " under resource group 'RG'", sent: [sound, foreign], then: { kind: "nobody" } },
    { where: "", sent: [sound, other], then: { kind: "named", ids: [sound] } },
    { where: " under resource group 'g.1'", sent: [sound, other], then: { kind: "others" } },
  ])("finds what Azure calls by name$where among $sent", ({ where, sent, then }) => {
    expect(blame(missing(where), sent)).toMatchObject(then);
  });

  it("falls on nobody when Azure names no identity", () => {
    expect(blame(armFault(armError(403, "LinkedAuthorizationFailed"), vm), [sound])).toEqual({ kind: "nobody" });
  });

  it("falls on what the machine carries when Azure names only what was not sent, with the command that takes it off", () => {
    expect(blame(notFound(identityId("dead")), [sound, other])).toMatchObject({
      kind: "others",
      fault: {
        code: "ARM_IDENTITY_STALE",
        message: `VM vm-0 of resource group rg carries the identity ${identityId("dead")}, because of which Azure refuses every change (FailedIdentityOperation): check that it exists in Azure, or take it off with az vm identity remove --resource-group "rg" --name "vm-0" --identities "${identityId("dead")}"`,
        facts: { machine: vm, identities: identityId("dead"), code: "FailedIdentityOperation" },
      },
    });
  });

  it("asks for the role, where that is what an identity of a scale set lacks", () => {
    const set = vm.replace("virtualmachines", "virtualmachinescalesets");
    const message = `The client 'app' with object id 'oid-1' has no permission on the linked scope(s) '${one}'.`;
    const { fault } = blame(armFault(armError(403, "LinkedAuthorizationFailed", message), set), [other]) as {
      fault: Fault;
    };
    expect(fault.message).toMatch(
      /^scale set vm-0 .*grant MIC the role with az role assignment create .*--scope "\/subs/,
    );
    expect(fault.message).toMatch(/or take it off with az vmss identity remove --resource-group "rg" --name "vm-0" /);
  });

  it("writes no command with what a shell would run", () => {
    const { fault } = blame(notFound(identityId("$(reboot")), [sound]) as { fault: Fault };
    expect(fault.message.split("az vm identity remove")[1]).toBe(
      ' --resource-group "rg" --name "vm-0" --identities "<the identity>"',
    );
  });
});

import { describe, expect, it } from "vitest";
import { fakeAzure, idKey, vm } from "../../test/support/azure/fake-azure.ts";
import { identityId } from "../../test/support/make.ts";

const [a, b] = [idKey("a"), idKey("b")] as const;
const dead = identityId("dead");

describe("a change that Azure refuses", () => {
  it.each([
    { status: 400, code: "InvalidParameter" },
    { status: 403, code: "RequestDisallowedByPolicy" },
    { status: 404, code: "ParentResourceNotFound" },
    { status: 413, code: "RequestEntityTooLarge" },
    { status: 422, code: "" },
  ])("with $status $code, unknown to MIC, holds up nothing but what brings it about", async (trouble) => {
    const { compute, machines, patch } = fakeAzure();
    // The change as a whole, then its first half.
    compute.failNext("update", trouble, 2);
    const { done, refused, fault } = await patch({ attach: [a, b] });
    expect([done, [...refused.keys()], fault]).toEqual([new Set([b]), [a], undefined]);
    expect([compute.on(vm("0")), machines.quarantined]).toEqual([[b], 1]);
    expect(refused.get(a)?.fault).toMatchObject({ code: "ARM_IDENTITY_REFUSED", facts: { identities: a } });
  });

  it("because of what the machine carries already keeps no sound identity off other machines", async () => {
    const { compute, machines, patch } = fakeAzure();
    compute.create(vm("0"), { ids: [dead] });
    const message = `Status: 'BadRequest'. Resource '${dead}' was not found.`;
    compute.failNext("update", { status: 400, code: "FailedIdentityOperation", message });
    const { done, refused, fault } = await patch({ attach: [a, b] });
    expect([done.size, refused.size, fault?.code, machines.quarantined]).toEqual([0, 0, "ARM_IDENTITY_STALE", 0]);
    expect(compute.patches).toHaveLength(1);
    expect((await patch({ attach: [a, b] }, vm("1"))).done).toEqual(new Set([a, b]));
  });

  it("since MIC may not join the machine's subnet is no identity's fault", async () => {
    const { compute, machines, patch } = fakeAzure();
    const action = "Microsoft.Network/virtualNetworks/subnets/join/action";
    const message = `The client 'app' with object id 'oid-1' has permission to perform action 'Microsoft.Compute/virtualMachines/write' on scope '${vm("0")}'; however, it does not have permission to perform action(s) '${action}' on the linked scope(s) '/net' (respectively) or the linked scope(s) are invalid.`;
    compute.failNext("update", { status: 403, code: "LinkedAuthorizationFailed", message });
    const { refused, fault } = await patch({ attach: [a, b] });
    expect([refused.size, machines.quarantined, compute.patches.length]).toEqual([0, 0, 1]);
    expect(fault).toMatchObject({ code: "ARM_FORBIDDEN", message: expect.stringContaining(`${action} on /net,`) });
    expect(fault?.message).not.toContain("Managed Identity Operator");
  });
});

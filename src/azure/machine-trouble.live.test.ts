import { describe, expect, it, vi } from "vitest";
import { sdkAzure } from "../../test/support/azure/sdk-azure.ts";
import { resourceKey } from "../api/resource-id.ts";

const never = new AbortController().signal;
// Generous, since the machine may be busy with other things; nothing here takes that long by itself.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

describe("ArmMachines, when something goes wrong", () => {
  it("asks for the credential again after it could not be had", async () => {
    let asked = 0;
    const credential = () => {
      asked += 1;
      return Promise.reject(new Error("no file"));
    };
    await using az = await sdkAzure({ credential });
    for (const times of [1, 2]) {
      const wish = { attach: [az.identity("a")], detach: [] };
      const { fault } = await az.machines.patch(resourceKey(az.vm.id), wish, never);
      expect([fault?.message, asked]).toEqual([expect.stringContaining("no file"), times]);
    }
  });

  it.each([
    {
      failure: { status: 429, code: "TooManyRequests", message: "slow down", retryAfterSeconds: 7 },
      code: "ARM_THROTTLED",
      ms: 7_000,
    },
    { failure: { status: 500, code: "InternalServerError", message: "oops" }, code: "ARM_ERROR", ms: undefined },
    { failure: "connection closed" as const, code: "ARM_UNREACHABLE", ms: undefined },
  ])("leaves it to the caller when to try again after $code", async ({ failure, code, ms }) => {
    await using az = await sdkAzure();
    az.world.traffic.failNext("arm.virtualMachines.get", failure);
    const { done, fault } = await az.machines.patch(
      resourceKey(az.vm.id),
      { attach: [az.identity("a")], detach: [] },
      never,
    );
    expect(fault).toMatchObject({ code, retryAfterMs: ms });
    expect(done.size).toBe(0);
    expect(az.world.traffic.calls("arm.virtualMachines.get")).toBe(1);
    expect(az.calls).toMatchObject([{ operation: "vm_get", fault: { code } }]);
  });

  it("does not take an operation for failed because one question about it was", async () => {
    await using az = await sdkAzure({ operationMs: 20 });
    const a = az.identity("a");
    az.world.traffic.failNext("arm.operations.get", {
      status: 429,
      code: "TooManyRequests",
      message: "wait",
      retryAfterSeconds: 1,
    });
    expect(await az.machines.patch(resourceKey(az.vm.id), { attach: [a], detach: [] }, never)).toMatchObject({
      fault: undefined,
    });
    expect(az.on(az.vm.id)).toEqual([a]);
  });

  it("takes no machine for gone, and nothing for done, because Azure has forgotten an operation on it", async () => {
    await using az = await sdkAzure({ operationMs: 60_000 });
    const id = resourceKey(az.vm.id);
    az.world.traffic.failNext("arm.operations.get", { status: 404, code: "NotFound", message: "what operation?" });
    const wish = { attach: [az.identity("b")], detach: [az.identity("a")] };
    const { done, fault } = await az.machines.patch(id, wish, never);
    expect([fault?.code, done]).toEqual(["ARM_ERROR", new Set(wish.detach)]);
  });

  it("finds done what it could not follow to the end", async () => {
    await using az = await sdkAzure({ operationMs: 20 });
    const a = az.identity("a");
    // The question arrives in time, and its answer comes when all is done.
    az.world.traffic.delay("arm.operations.get", 100);
    az.world.traffic.failNext("arm.operations.get", { status: 404, code: "NotFound", message: "what operation?" });
    const result = await az.machines.patch(resourceKey(az.vm.id), { attach: [a], detach: [] }, never);
    expect(result).toMatchObject({ done: new Set([a]), fault: undefined });
  });

  it("says what is wrong with MIC's own credentials, without the secret", async () => {
    await using az = await sdkAzure({ secret: "not-the-secret" });
    const { fault } = await az.machines.patch(resourceKey(az.vm.id), { attach: [az.identity("a")], detach: [] }, never);
    expect(fault).toMatchObject({
      code: "ARM_CREDENTIAL",
      message: expect.stringContaining("AADSTS7000215"),
    });
    expect(fault?.message).not.toContain("not-the-secret");
  });

  it("says whose role on which identity is missing, and puts the others on", async () => {
    await using az = await sdkAzure();
    const [a, b, c] = [az.identity("a"), az.identity("b"), az.identity("c")];
    for (const id of [a, c]) az.world.denyAssignment(id);
    const wish = { attach: [a, b, c], detach: [] };
    const { done, refused, fault } = await az.machines.patch(resourceKey(az.vm.id), wish, never);
    expect([done, [...refused.keys()], fault]).toEqual([new Set([b]), [a, c], undefined]);
    expect(refused.get(a)?.fault.message).toMatch(
      new RegExp(`"Managed Identity Operator" --assignee-object-id ${az.principal.principalId} .* --scope "${a}"$`),
    );
    expect(az.world.traffic.calls("arm.virtualMachines.update")).toBe(2);
  });

  it.each(["arm.virtualMachines.update", "arm.virtualMachineScaleSets.update"] as const)(
    "sets aside an identity that %s does not take for a reason of Azure's own",
    async (update) => {
      await using az = await sdkAzure();
      const a = az.identity("a");
      az.world.traffic.failNext(update, { status: 400, code: "InvalidParameter", message: "odd" });
      const machine = resourceKey(/ScaleSet/.test(update) ? az.scaleSet.id : az.vm.id);
      const { refused } = await az.machines.patch(machine, { attach: [a], detach: [] }, never);
      expect(refused.get(a)?.fault.message).toBe(
        `Azure refuses the identity ${a} (InvalidParameter): MIC's log holds what Azure says`,
      );
    },
  );
});

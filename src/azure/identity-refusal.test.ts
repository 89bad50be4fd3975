import { describe, expect, it } from "vitest";
import { armError, machineUrl, vm } from "../../test/support/azure/arm-error.ts";
import { identityId } from "../../test/support/make.ts";
import { armFault } from "./arm-fault.ts";
import { refusalOf } from "./identity-refusal.ts";

const [one, two] = [identityId("one"), identityId("t.w(o").replace("(", "")];

describe("refusalOf", () => {
  it("says which role assignment is missing, of one identity only", () => {
    const message = `The client 'app' with object id 'oid-1' has no permission on the linked scope(s) '${one},${two}'.`;
    const refusal = refusalOf(two, armFault(armError(403, "LinkedAuthorizationFailed", message), vm));
    expect(refusal.message).toContain(
      `az role assignment create --role "Managed Identity Operator" --assignee-object-id oid-1 --assignee-principal-type ServicePrincipal --scope "${two}"`,
    );
    expect(refusal.message + JSON.stringify(refusal.facts)).not.toMatch(new RegExp(`${one}|vm-0`));
  });

  it("says to check an identity that Azure refuses for another reason", () => {
    const refusal = refusalOf(
      two,
      armFault(armError(400, "FailedIdentityOperation", `Resource '${one}' not found`), vm),
    );
    expect(refusal).toMatchObject({
      code: "ARM_IDENTITY_REFUSED",
      message: `Azure refuses the identity ${two} (FailedIdentityOperation): check that it exists in Azure`,
      facts: { identities: two, code: "FailedIdentityOperation" },
    });
  });

  it("tells the owner only Azure's code of what Azure does not explain, and the log all", () => {
    const fault = armFault(armError(400, "Odd", `${vm} is odd`, machineUrl, "PATCH"), vm);
    expect(refusalOf(two, fault)).toMatchObject({
      code: "ARM_IDENTITY_REFUSED",
      message: `Azure refuses the identity ${two} (Odd): MIC's log holds what Azure says`,
      facts: { identities: two, code: "Odd", azure: fault.message },
    });
  });
});

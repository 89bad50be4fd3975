import { describe, expect, it } from "vitest";
import { pod } from "../../test/support/make.ts";
import { any } from "../../test/support/recorded-identities.ts";
import { refusal } from "./refusal.ts";

const patience = { attemptsForCreated: 16, attemptsForAssigned: 4, intervalSeconds: 5 };
const web = pod("web", { namespace: "shop" });

describe("refusal", () => {
  it("keeps the original's sentence for an identity that was never recorded", () => {
    const fault = refusal({ outcome: "not-assigned", isCreated: false, why: "it is late" }, web, any, patience);
    expect(fault.code).toBe("IDENTITY_NOT_ASSIGNED");
    expect(fault.message).toBe(
      "getting assigned identities for pod shop/web in CREATED state failed after 16 attempts, retry duration [5]s, " +
        "error: it is late. Check MIC pod logs for identity assignment errors",
    );
  });

  it("says ASSIGNED and all attempts for one that was recorded but not confirmed, and shortens the client ID", () => {
    const named = { ...any, clientId: "aabc0000-a83v-9h4m-000j-2c0a66b0c1f9" };
    const fault = refusal({ outcome: "not-assigned", isCreated: true, why: "it is late" }, web, named, patience);
    expect(fault.message).toMatch(/^clientID in request: aabc##### REDACTED #####c1f9, getting assigned identities/);
    expect(fault.message).toContain("in ASSIGNED state failed after 20 attempts");
  });

  it("tells what is not bound from what is not assigned", () => {
    const fault = refusal({ outcome: "not-bound", mayChange: true, why: "no binding" }, web, any, patience);
    expect(fault.code).toBe("IDENTITY_NOT_BOUND");
  });

  it("keeps facts for the log out of the sentence", () => {
    const selection = { outcome: "not-assigned", isCreated: true, why: "late", facts: { identity: "team/a" } } as const;
    const fault = refusal(selection, web, any, patience);
    expect(fault.message).not.toContain("team/a");
    expect(fault.facts).toEqual({ pod: "shop/web", identity: "team/a" });
  });

  it("claims no attempts that were not made", () => {
    const fault = refusal({ outcome: "not-bound", mayChange: false, why: "no label" }, web, any, patience);
    expect(fault.message).toContain("in CREATED state failed after 1 attempts");
  });

  it("names out-of-reach identities in the log only", () => {
    const fault = refusal({ outcome: "denied", why: "not yours", facts: { identities: "team/a" } }, web, any, patience);
    expect(fault.code).toBe("IDENTITY_NAMESPACED");
    expect(fault.message).toBe("no azure identity found for request clientID : not yours");
    expect(fault.facts).toEqual({ pod: "shop/web", identities: "team/a" });
  });

  it("says what the original said in managed mode, where nothing was waited for", () => {
    const named = { ...any, clientId: "aabc0000-a83v-9h4m-000j-2c0a66b0c1f9" };
    const fault = refusal({ outcome: "not-bound", mayChange: true, why: "no binding" }, web, named, undefined);
    expect(fault.code).toBe("IDENTITY_NOT_BOUND");
    const request = "no azure identity found for request clientID aabc##### REDACTED #####c1f9";
    expect(fault.message).toBe(`${request}: no binding`);
  });
});

import { describe, expect, it } from "vitest";
import { kinds } from "../api/kinds.ts";
import { refusal, unreachable, watchRefusal, withAlternative } from "./faults.ts";

const action = { verb: "patch", kind: kinds.assignment, namespace: "default", name: "a" } as const;

describe("a refusal", () => {
  it.each([
    { status: 400, code: "KUBE_INVALID" },
    { status: 401, code: "KUBE_UNAUTHORIZED" },
    { status: 403, code: "KUBE_FORBIDDEN" },
    { status: 404, code: "KUBE_NOT_FOUND" },
    { status: 409, code: "KUBE_CONFLICT" },
    { status: 410, code: "KUBE_GONE" },
    { status: 422, code: "KUBE_INVALID" },
    { status: 429, code: "KUBE_THROTTLED" },
    { status: 500, code: "KUBE_ERROR" },
    { status: 503, code: "KUBE_ERROR" },
    { status: 302, code: "KUBE_ERROR" },
  ])("with status $status is $code", ({ status, code }) => {
    expect(refusal(action, { status, body: "" }).code).toBe(code);
  });

  it("names what was done to which object, and what the API server said", () => {
    const fault = refusal(action, { status: 409, body: JSON.stringify({ message: "the object has been modified" }) });
    expect(fault.message).toBe(
      "the API server refused to patch AzureAssignedIdentity default/a: the object has been modified",
    );
    expect(fault.facts).toEqual({
      verb: "patch",
      resource: "azureassignedidentities.aadpodidentity.k8s.io",
      status: 409,
    });
  });

  it("for want of a role names the words that the role lacks", () => {
    const all = { verb: "list", kind: kinds.assignment, namespace: "", name: "" } as const;
    const { message } = refusal(all, { status: 403, body: "" });
    expect(message).toContain('grant "list" on azureassignedidentities.aadpodidentity.k8s.io in a role');
  });

  it.each(Object.values(kinds))("to touch a $kind says what to grant before logs cut it off", (kind) => {
    const said = 'User "system:serviceaccount:kube-system:aad-pod-id-mic-service-account" cannot update resource';
    const status = { status: 403, body: JSON.stringify({ message: `${"x".repeat(100)} is forbidden: ${said}` }) };
    const one = { verb: "update", kind, namespace: "kube-system", name: "n".repeat(253) } as const;
    const grant = `grant "update" on ${kind.plural}${kind.group === "" ? "" : `.${kind.group}`} in a role`;
    const refused = refusal(one, status);
    for (const fault of [refused, withAlternative(refused, "or start it with --less")]) {
      expect(fault.message.slice(0, 256)).toContain(grant);
      expect(fault.message).toContain(said);
    }
    const shorter = refusal({ ...one, name: "aad-pod-identity-mic" }, status);
    const { message } = withAlternative(
      shorter,
      "or start every instance with --legacy-lock=false once no 1.8 is left",
    );
    if (kind === kinds.endpoints) expect(message.slice(0, 256)).toContain("--legacy-lock=false once no 1.8 is left");
  });

  it("for another reason than a role names no role", () => {
    const message = 'pods "a" is forbidden: exceeded quota: small, requested: pods=1';
    expect(refusal(action, { status: 403, body: JSON.stringify({ message }) }).message).not.toContain("grant");
  });

  it("of a custom resource that the cluster does not know names its definition", () => {
    const all = { verb: "watch", kind: kinds.binding, namespace: "", name: "" } as const;
    expect(refusal(all, { status: 404, body: "404 page not found" }).message).toBe(
      "the API server refused to watch azureidentitybindings; install the custom resource definition azureidentitybindings.aadpodidentity.k8s.io: status 404",
    );
  });

  it("says how long to wait, when the API server did", () => {
    expect(refusal(action, { status: 429, body: "", retryAfter: "2" }).retryAfterMs).toBe(2_000);
    expect(refusal(action, { status: 429, body: "" }).retryAfterMs).toBeUndefined();
    expect(refusal(action, { status: 429, body: "", retryAfter: "Fri, 1 Jan" }).retryAfterMs).toBeUndefined();
  });

  it("of a version from before a restore counts as gone", () => {
    const details = { causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }] };
    expect(watchRefusal(action, { code: 504, reason: "Timeout", details }).code).toBe("KUBE_GONE");
  });
});

it("a server that cannot be reached is named, with what to check", () => {
  const cause = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { code: "ECONNREFUSED" });
  const fault = unreachable("https://127.0.0.1:1", cause);
  expect(fault.code).toBe("KUBE_UNREACHABLE");
  expect(fault.message).toBe(
    "cannot reach the API server at https://127.0.0.1:1 (ECONNREFUSED): check the address, the network and the server's certificate",
  );
});

import { expect, it } from "vitest";
import { identity, pod } from "../../../test/support/make.ts";
import { Fault } from "../../base/fault.ts";
import { discreet } from "./discretion.ts";

const web = pod("web");
const missing = new Fault("SECRET_MISSING", "failed to get Kubernetes secret team/sp: there is none");

it("tells a pod all about an identity of its own namespace", () => {
  expect(discreet(missing, web, identity("sp"))).toBe(missing);
});

it("tells a pod of another namespace no names, and the log all", () => {
  expect(discreet(missing, web, identity("sp", { namespace: "team" }))).toMatchObject({
    code: "SECRET_MISSING",
    message: "the AzureIdentity of another namespace cannot be used: the log of NMI says why",
    facts: { identity: "team/sp", problem: missing.message },
  });
});

it("passes on what others said", () => {
  const refused = new Fault("ENTRA_REFUSED", "AADSTS7000215");
  expect(discreet(refused, web, identity("sp", { namespace: "team" }))).toBe(refused);
});

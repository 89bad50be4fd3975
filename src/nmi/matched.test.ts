import { expect, it } from "vitest";
import { identity } from "../../test/support/make.ts";
import { matchedLine } from "./matched.ts";

const clientID = "aabc0000-1111-4222-8333-44445555c1f9";
const authority = { adEndpoint: "https://login.microsoftonline.us/", tenantID: "t", auxiliaryTenantIDs: ["a", "b"] };

it.each([
  { type: 0, told: "" },
  { type: 1, told: " adendpoint:https://login.microsoftonline.us/ tenantid:t auxiliaryTenantIDs:[a b]" },
  { type: 2, told: " adendpoint:https://login.microsoftonline.us/ tenantid:t auxiliaryTenantIDs:[a b]" },
])("tells of type $type what the original told", ({ type, told }) => {
  const line = matchedLine(identity("a", { spec: { type, clientID, ...authority } }), "https://vault.azure.net");
  expect(line).toBe(
    `matched identityType:${type}${told} clientid:aabc##### REDACTED #####c1f9 resource:https://vault.azure.net`,
  );
});

it("lets no value look like more of the line", () => {
  const forged = { adEndpoint: 'x tenantid:"y"', tenantID: "a\nb", auxiliaryTenantIDs: ["c d]"] };
  expect(matchedLine(identity("a", { spec: { type: 1, clientID, ...forged } }), "r x")).toMatch(
    / adendpoint:x%20tenantid:%22y%22 tenantid:a\\u000ab auxiliaryTenantIDs:\[c%20d\]\] clientid:\S+ REDACTED \S+ resource:r%20x$/,
  );
});

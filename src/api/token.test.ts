import { describe, expect, it } from "vitest";
import { Fault } from "../base/fault.ts";
import { Secret } from "../base/secret.ts";
import { endOf, tokenAnswer, tokenAnswers } from "./token-answer.ts";
import { readTokenQuery } from "./token-query.ts";

const read = (query: string) => readTokenQuery(new URLSearchParams(query));

describe("readTokenQuery", () => {
  it.each([
    ["resource=r", { resource: "r", clientId: undefined, resourceId: undefined, bypassCache: false }],
    ["resource=r&client_id=c", { clientId: "c" }],
    ["resource=r&msi_res_id=a&mi_res_id=b", { resourceId: "a" }],
    ["resource=r&mi_res_id=b", { resourceId: "b" }],
    ["resource=r&msi_res_id=&mi_res_id=b", { resourceId: "b" }],
    ["resource=r&resource=s&client_id=c&client_id=d", { resource: "r", clientId: "c" }],
    ["resource=https%3A%2F%2Fvault.azure.net%2F", { resource: "https://vault.azure.net/" }],
    ["resource=r&bypass_cache=True", { bypassCache: true }],
    ["resource=r&api-version=2018-02-01&other=x", { resource: "r" }],
  ])("reads %s", (query, then) => {
    expect(read(query)).toMatchObject(then);
  });

  it.each([
    ["", "RESOURCE_MISSING"],
    ["resource=", "RESOURCE_MISSING"],
    ["resource=r&object_id=o", "REQUEST_INVALID"],
  ] as const)('refuses "%s"', (query, code) => {
    expect(() => read(query)).toThrow(expect.toSatisfy((reason) => Fault.is(reason, code)));
  });
});

it("answers the original's keys in its order, as strings, and counts expires_in from now", () => {
  const token = {
    accessToken: new Secret("a.b.c"),
    expiresOn: 1_700_000_000,
    notBefore: 1_699_913_300,
    resource: "https://vault.azure.net",
    tokenType: "Bearer",
    clientId: "c",
  };
  expect(JSON.stringify(tokenAnswer(token, 1_699_999_000_500))).toBe(
    '{"access_token":"a.b.c","refresh_token":"","expires_in":"1000","expires_on":"1700000000",' +
      '"not_before":"1699913300","resource":"https://vault.azure.net","token_type":"Bearer","client_id":"c"}',
  );
  expect(tokenAnswer(token, 1_800_000_000_000)).toMatchObject({ expires_in: "0" });
});

it("answers a list where there are auxiliary tokens, the identity's own first", () => {
  const one = (name: string, expiresOn: number) => {
    const rest = { notBefore: 0, resource: "r", tokenType: "Bearer", clientId: "c" };
    return { accessToken: new Secret(name), expiresOn, ...rest };
  };
  const token = { ...one("own", 300), auxiliary: [one("first", 100), one("second", 200)] };
  expect(tokenAnswers(token, 0)).toMatchObject(["own", "first", "second"].map((name) => ({ access_token: name })));
  expect(tokenAnswers(one("own", 300), 0)).toMatchObject({ access_token: "own" });
  expect([endOf(token), endOf(one("own", 300))]).toEqual([100, 300]);
});

import { expect, it } from "vitest";
import { identity, pod } from "../../../test/support/make.ts";
import type { Token } from "../../api/token-answer.ts";
import { Secret } from "../../base/secret.ts";
import { TokensTold } from "./tokens-told.ts";

const [web, api, reader, writer] = [pod("web"), pod("api"), identity("reader"), identity("writer")];

function token(): Token {
  const accessToken = new Secret("token");
  return { accessToken, expiresOn: 0, notBefore: 0, resource: "r", tokenType: "Bearer", clientId: "" };
}

it("knows each token as told of once for each pod and identity", () => {
  const told = new TokensTold();
  const one = token();
  expect([told.isFirst(one, web, reader), told.isFirst(one, web, reader)]).toEqual([true, false]);
  expect([told.isFirst(one, api, reader), told.isFirst(one, api, reader)]).toEqual([true, false]);
  expect([told.isFirst(one, web, writer), told.isFirst(one, web, writer)]).toEqual([true, false]);
  expect(told.isFirst(token(), web, reader)).toBe(true);
});

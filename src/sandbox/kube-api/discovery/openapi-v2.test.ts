import { expect, it } from "vitest";
import { startKubeApi } from "../server.ts";

const PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

it.each([
  ["application/json", "application/json"],
  ["*/*", "application/json"],
  ["application/*;q=0.5", "application/json"],
  [PROTOBUF, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"],
  [`text/html,${PROTOBUF}`, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"],
])("answers who accepts %s by %s", async (accept, type) => {
  await using api = await startKubeApi();
  const response = await fetch(`${api.url}/openapi/v2`, { headers: { accept } });
  expect(response.headers.get("content-type")).toBe(type);
  const text = await response.text();
  expect(text).toContain("v1.34.4+sandbox");
  if (type === "application/json")
    expect(JSON.parse(text)).toMatchObject({ swagger: "2.0", paths: {}, definitions: {} });
});

it("has no other form", async () => {
  await using api = await startKubeApi();
  expect((await fetch(`${api.url}/openapi/v2`, { headers: { accept: "text/html" } })).status).toBe(406);
});

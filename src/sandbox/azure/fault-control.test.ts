import { expect, it } from "vitest";
import { sandboxImds } from "../../../test/support/azure/sandbox-imds.ts";

const path = "/.podid/faults";

it("takes rules while an emulator runs, counts calls, and takes all trouble back", async () => {
  await using azure = await sandboxImds({ controls: ["imds"] });
  const control = (method: string, body?: string) =>
    fetch(`${azure.imds.url}${path}`, { method, ...(body !== undefined && { body }) });
  const status = async () => (await azure.call("versions")).status;

  expect(await status()).toBe(200);
  expect((await control("POST", "imds.versions=error:503\n\nimds.token=drop\n")).status).toBe(204);
  expect(await status()).toBe(503);
  expect(await (await control("GET")).json()).toEqual({ calls: { "imds.versions": 2 } });
  expect((await control("DELETE")).status).toBe(204);
  expect(await status()).toBe(200);
  expect((await control("PUT", "")).status).toBe(405);
});

it("adds nothing of a body with a wrong rule, and says what is wrong", async () => {
  await using azure = await sandboxImds({ controls: ["imds"] });
  const body = "imds.versions=error:503\nimds.x=drop";
  const answer = await fetch(`${azure.imds.url}${path}`, { method: "POST", body });
  expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('no operation is "imds.x"')]);
  expect((await azure.call("versions")).status).toBe(200);
});

it("takes no rule of what does not run beside it", async () => {
  await using azure = await sandboxImds({ controls: ["imds"] });
  const answer = await fetch(`${azure.imds.url}${path}`, { method: "POST", body: "arm.operations.get=drop" });
  expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining("of what runs (imds)")]);
});

it("is not there unless asked for", async () => {
  await using azure = await sandboxImds();
  const headers = { metadata: "true" };
  expect((await fetch(`${azure.imds.url}${path}`, { method: "POST", body: "imds.*=drop", headers })).status).toBe(404);
});

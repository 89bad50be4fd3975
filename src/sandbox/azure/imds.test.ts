import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import { startImds } from "./imds.ts";
import { SigningKey } from "./signing-key.ts";
import { createWorld, type MachineWishes } from "./world.ts";

const key = await SigningKey.generate();
const TOKEN = "/metadata/identity/oauth2/token";
const RESOURCE = "https://vault.azure.net";
const notFound = { error: "invalid_request", error_description: "Identity not found" };

/** IMDS of instance 1 of a scale set, in a world with the identities `a`, `b` and `c`. */
async function start(wishes: { readonly has?: readonly ("a" | "b" | "c")[] } & Partial<MachineWishes> = {}) {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const world = await createWorld({ clock, key });
  const identity = (name: string) => world.createIdentity({ resourceGroup: "identities", name });
  const identities = { a: identity("a"), b: identity("b"), c: identity("c") };
  const { has = [], ...rest } = wishes;
  const userAssigned = has.map((name) => identities[name].id);
  const pool = world.createScaleSet({ resourceGroup: "nodes", name: "pool", instances: 2, userAssigned, ...rest });
  const instance = `${pool.id}/virtualMachines/1`;
  const imds = await startImds({ world, machine: instance.toLowerCase() });
  const get = async (path: string, headers: Record<string, string> = { metadata: "true" }, method = "GET") => {
    const response = await fetch(`${imds.url}${path}`, { headers, method });
    const text = await response.text();
    return { status: response.status, text, json: text.startsWith("{") ? JSON.parse(text) : undefined };
  };
  const token = (query: Record<string, string> = {}) =>
    get(`${TOKEN}?${new URLSearchParams({ "api-version": "2018-02-01", resource: RESOURCE, ...query })}`);
  return { world, pool, instance, identities, get, token, [Symbol.asyncDispose]: () => imds[Symbol.asyncDispose]() };
}

describe("the token endpoint", () => {
  it("answers in IMDS's form with a token that tells identity and machine", async () => {
    await using imds = await start({ has: ["a"] });
    const { status, json } = await imds.token();
    const now = Date.UTC(2026, 0, 1) / 1000;

    expect(status).toBe(200);
    expect(json).toEqual({
      access_token: expect.any(String),
      client_id: imds.identities.a.clientId,
      expires_in: "86400",
      expires_on: String(now + 86_400),
      ext_expires_in: "86400",
      not_before: String(now - 300),
      resource: RESOURCE,
      token_type: "Bearer",
    });
    expect(key.verified(json.access_token)).toMatchObject({
      aud: RESOURCE,
      tid: imds.world.tenant,
      appid: imds.identities.a.clientId,
      oid: imds.identities.a.principalId,
      xms_mirid: imds.identities.a.id,
      xms_az_rid: imds.instance,
    });
    const { traffic } = imds.world;
    expect([traffic.calls("imds.token"), traffic.successes("imds.token")]).toEqual([1, 1]);
  });

  it("finds an identity by each of its names, in any case", async () => {
    await using imds = await start({ has: ["a", "b"] });
    const { clientId, principalId, id } = imds.identities.b;
    for (const query of [
      { client_id: clientId.toUpperCase() },
      { object_id: principalId },
      { mi_res_id: id.toLowerCase() },
      { msi_res_id: id },
    ]) {
      expect((await imds.token(query as Record<string, string>)).json.client_id).toBe(clientId);
    }
  });

  it("gives no token of an identity that is not on this machine, whatever it is named by", async () => {
    await using imds = await start({ has: ["a"] });
    const { clientId, principalId, id } = imds.identities.c;
    imds.world.createVm({ resourceGroup: "nodes", name: "vm-0", userAssigned: [id] });
    for (const query of [{ client_id: clientId }, { object_id: principalId }, { mi_res_id: id }]) {
      expect(await imds.token(query as Record<string, string>)).toMatchObject({ status: 400, json: notFound });
    }
    expect(imds.world.traffic.successes("imds.token")).toBe(0);
  });

  it("has to be told which one, unless there is a single one or the machine's own", async () => {
    await using none = await start();
    expect(await none.token()).toMatchObject({ status: 400, json: notFound });

    await using several = await start({ has: ["a", "b"] });
    expect(await several.token()).toMatchObject({
      status: 400,
      json: {
        error: "invalid_request",
        error_description:
          "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request",
      },
    });

    await using own = await start({ has: ["a", "b"], systemAssigned: true });
    const { json } = await own.token();
    expect(key.verified(json.access_token)).toMatchObject({ xms_mirid: own.pool.id });
    expect((await own.token({ client_id: json.client_id })).status).toBe(200);
  });

  it("gives no token once the identity is deleted, nor when it is made anew", async () => {
    await using imds = await start({ has: ["a"] });
    imds.world.deleteIdentity(imds.identities.a.id);
    expect((await imds.token()).json).toEqual(notFound);

    const anew = imds.world.createIdentity({ resourceGroup: "identities", name: "a" });
    expect((await imds.token({ client_id: anew.clientId })).json).toEqual(notFound);
    expect((await imds.token({ mi_res_id: anew.id })).json).toEqual(notFound);
  });

  it.each([
    { when: "no api-version", query: { "api-version": "" }, text: "Required query variable 'api-version' is missing" },
    { when: "no resource", query: { resource: "" }, text: "Required query variable 'resource' is missing" },
  ])("refuses a query with $when", async ({ query, text }) => {
    await using imds = await start({ has: ["a"] });
    const { status, json } = await imds.token(query as Record<string, string>);
    expect([status, json]).toEqual([400, { error: "invalid_request", error_description: text }]);
  });
});

describe("every request", () => {
  const path = `${TOKEN}?api-version=2018-02-01&resource=${RESOURCE}`;
  const instance = "/metadata/instance?api-version=2021-02-01";

  it.each([
    {
      path,
      headers: {},
      body: { error: "invalid_request", error_description: "Required metadata header not specified" },
    },
    { path, headers: { metadata: "yes" }, body: { error: "invalid_request" } },
    { path, headers: { metadata: "true", "x-forwarded-for": "10.0.0.1" }, body: { error: "invalid_request" } },
    { path: instance, headers: {}, body: { error: "Bad request. Required metadata header not specified" } },
    { path: "/metadata/versions", headers: {}, body: { error: "Bad request. Required metadata header not specified" } },
  ])("of $path with the headers $headers is refused", async ({ path, headers, body }) => {
    await using imds = await start({ has: ["a"] });
    expect(await imds.get(path, headers as Record<string, string>)).toMatchObject({ status: 400, json: body });
  });

  it("takes the header in any case, and a slash at the end of the token path", async () => {
    await using imds = await start({ has: ["a"] });
    expect((await imds.get(path.replace("token?", "token/?"), { METADATA: "True" })).status).toBe(200);
  });

  it("of a path or method that it does not know is refused", async () => {
    await using imds = await start();
    expect(await imds.get("/metadata/loadbalancer?api-version=2021-02-01")).toMatchObject({ status: 404 });
    expect(await imds.get("/")).toMatchObject({ status: 404, json: { error: "Not found" } });
    expect(await imds.get(path, { metadata: "true" }, "POST")).toMatchObject({ status: 405 });
  });
});

it("does not start for a machine that does not exist, nor for a scale set as a whole", async () => {
  const world = await createWorld({ key });
  const pool = world.createScaleSet({ resourceGroup: "nodes", name: "pool", instances: 1 });
  await expect(startImds({ world, machine: pool.id })).rejects.toThrow(
    `there is no VM or scale-set instance ${pool.id}`,
  );
});

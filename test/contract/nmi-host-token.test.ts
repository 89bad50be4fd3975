import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { identityId } from "../support/make.ts";
import { type Asking, askNmi, type NmiWorld, nmiWorld, type RunningNmi } from "../support/nmi/world.ts";
import { eventually } from "../support/time/eventually.ts";

const path = "/host/token/?resource=https://vault.azure.net";
const web = { podns: "default", podname: "web" };
const managed = ["--operation-mode=managed", "--forceNamespaced"];
const isRoot = process.getuid?.() === 0;

describe("nmi's /host/token", () => {
  let world: NmiWorld;
  let nmi: RunningNmi;

  beforeAll(async () => {
    world = await nmiWorld();
    world.imds.put("client-of-reader", identityId("reader"));
    await world.createPod("web", "127.9.8.7", { aadpodidbinding: "demo" });
    await world.create("AzureIdentityBinding", "reader", { azureIdentity: "reader", selector: "demo" });
    const spec = { type: 0, resourceID: identityId("reader"), clientID: "client-of-reader" };
    await world.create("AzureIdentity", "reader", spec);
    nmi = await world.start(managed);
  });
  afterAll(async () => {
    await nmi[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  const ask = (over: Asking = {}) => askNmi(nmi, { path, headers: web, ...over });

  it("gives a process of the node the token of a pod that it names", async () => {
    const { status, text, body } = await ask();
    expect(status).toBe(200);
    expect(text).toMatch(
      /^\{"token":\{"access_token":"token-1-of-client-of-reader","refresh_token":"","expires_in":"\d+"/,
    );
    expect(text).toMatch(/"token_type":"Bearer"\},"clientid":"client-of-reader"\}$/);
    expect(Object.keys(body)).toEqual(["token", "clientid"]);
  });

  it("tells the user of that process in the audit", async () => {
    await ask();
    const audit = new RegExp(
      `matched identityType:0 .*decision="granted".*pod="default/web".*hostUid=${process.getuid?.()}`,
    );
    await eventually(() => nmi.program.output()).toMatch(audit);
    expect(nmi.program.output()).not.toContain("token-1");
  });

  it.each([
    { who: "a pod", over: { from: "127.9.8.7" }, status: 403 },
    { who: "another address of the node", over: { from: "127.0.0.2" }, status: 403 },
    { who: "a proxy", over: { headers: { ...web, "X-Forwarded-For": "127.0.0.1" } }, status: 400 },
    { who: "a process that names no pod", over: { headers: {} }, status: 400 },
    { who: "a process that names a pod of elsewhere", over: { headers: { ...web, podname: "other" } }, status: 404 },
  ])("refuses $who", async ({ over, status }) => {
    const answer = await ask(over);
    expect([answer.status, Object.keys(answer.body)]).toEqual([status, ["error", "error_description"]]);
  });

  it.runIf(isRoot)("is only for the users that --host-token-uids names", async () => {
    await using strict = await world.start([...managed, "--host-token-uids=4242"]);
    const ask = () => askNmi(strict, { path, headers: web });
    expect((await ask()).status).toBe(403);
    expect((await as(4242, ask)).status).toBe(200);
    expect((await as(4243, ask)).status).toBe(403);
  });
});

/** Does it as another user of the machine, whose are the sockets that are made meanwhile. */
async function as<T>(uid: number, work: () => Promise<T>): Promise<T> {
  process.seteuid?.(uid);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

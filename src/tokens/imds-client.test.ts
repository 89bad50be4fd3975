import { setGlobalProxyFromEnv } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeImds } from "../../test/support/azure/fake-imds.ts";
import { retryAfterMs } from "./http-answer.ts";
import { ImdsClient } from "./imds-client.ts";

const never = new AbortController().signal;
const request = { method: "GET", target: "/metadata/instance", headers: { Metadata: "true" } };

let imds: FakeImds;
beforeEach(async () => {
  imds = await FakeImds.start();
});
afterEach(() => imds[Symbol.asyncDispose]());

describe("ImdsClient", () => {
  it("calls the metadata service itself where the environment names a proxy", async () => {
    await using proxy = await FakeImds.start();
    const restore = setGlobalProxyFromEnv({ http_proxy: `http://127.0.0.1:${proxy.port}` });
    try {
      expect(await new ImdsClient(imds.address).send(request, never)).toMatchObject({ status: 200 });
    } finally {
      restore();
    }
    expect([imds.requests.length, proxy.requests.length]).toEqual([1, 0]);
  });

  it("makes a connection for each call that it passes on, beside those of its own", async () => {
    const client = new ImdsClient(imds.address);
    await client.send({ ...request, isOwn: true }, never);
    await client.send(request, never);
    expect((await client.send(request, never)).headers.connection).toBe("close");
    expect(new Set(imds.requests.map(({ from }) => from)).size).toBe(3);
  });

  it("keeps a connection for its own calls", async () => {
    const client = new ImdsClient(imds.address);
    for (let i = 0; i < 3; i += 1) await client.send({ ...request, isOwn: true }, never);
    expect(new Set(imds.requests.map(({ from }) => from)).size).toBe(1);
  });

  it("asks again on a new connection when the kept one is closed under it, and only then", async () => {
    const client = new ImdsClient(imds.address);
    imds.failNext("hangUp");
    await expect(client.send({ ...request, isOwn: true }, never)).rejects.toMatchObject({ code: "IMDS_UNREACHABLE" });
    expect((await client.send({ ...request, isOwn: true }, never)).status).toBe(200);
    imds.failNext("hangUp");
    expect((await client.send({ ...request, isOwn: true }, never)).status).toBe(200);
    imds.failNext("hangUp");
    imds.failNext("hangUp");
    await expect(client.send({ ...request, isOwn: true }, never)).rejects.toMatchObject({ code: "IMDS_UNREACHABLE" });
  });

  it("asks again on no other kept connection, which may be closed as well", async () => {
    const client = new ImdsClient(imds.address);
    const own = () => client.send({ ...request, isOwn: true }, never);
    const answerBoth = imds.hold();
    const both = Promise.all([own(), own()]);
    await expect.poll(() => imds.requests.length).toBe(2);
    answerBoth();
    await both;
    imds.failNext("hangUp");
    await own();
    const [one, two, hungUp, again] = imds.requests.map(({ from }) => from);
    expect([one, two]).toContain(hungUp);
    expect([one, two]).not.toContain(again);
  });

  it.each(["POST", "DELETE", "OPTIONS", "TRACE"])("says how long the body of a %s is", async (method) => {
    const body = Buffer.from("hello");
    await new ImdsClient(imds.address).send({ ...request, method, body }, never);
    expect(imds.requests).toMatchObject([{ method, headers: { "content-length": "5" } }]);
  });

  it("tells what answers without HTTP from what does not answer", async () => {
    const garbage = createServer((socket) => {
      socket.on("error", () => {}).resume();
      socket.end("hello\r\n\r\n");
    });
    await new Promise<void>((resolve) => garbage.listen(0, "127.0.0.1", resolve));
    const { port } = garbage.address() as AddressInfo;
    await expect(new ImdsClient({ host: "127.0.0.1", port }).send(request, never)).rejects.toMatchObject({
      code: "IMDS_ERROR",
      message: expect.stringContaining(`127.0.0.1:${port} is not the instance metadata service`),
    });
    await new Promise((resolve) => garbage.close(resolve));
  });

  it("tells that nobody answers, and where", async () => {
    const { address } = imds;
    await imds[Symbol.asyncDispose]();
    await expect(new ImdsClient(address).send(request, never)).rejects.toMatchObject({
      code: "IMDS_UNREACHABLE",
      message: expect.stringContaining(`127.0.0.1:${address.port} does not answer (ECONNREFUSED`),
    });
    imds = await FakeImds.start();
  });
});

describe("retryAfterMs", () => {
  const clock = { now: () => Date.UTC(2026, 0, 1), monotonic: () => 0, sleep: () => Promise.resolve() };
  it.each([
    { header: "7", then: 7000 },
    { header: "Thu, 01 Jan 2026 00:00:09 GMT", then: 9000 },
    { header: "Wed, 31 Dec 2025 23:59:00 GMT", then: 0 },
    { header: "soon", then: undefined },
    { header: undefined, then: undefined },
  ])("$header is $then", ({ header, then }) => {
    expect(retryAfterMs({ "retry-after": header }, clock)).toBe(then);
  });
});

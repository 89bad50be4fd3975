import { once } from "node:events";
import { createServer as createProxy } from "node:http";
import { createServer, type Server } from "node:https";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import tls from "node:tls";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { proxyProblem } from "../base/proxy-variable.ts";
import { type Authority, createAuthority } from "../sandbox/certificates.ts";
import { EntraClient, type EntraClientOptions } from "./entra-client.ts";

const never = new AbortController().signal;
const form = new URLSearchParams({ client_secret: "hush & more" });
const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port;

let authority: Authority;
let server: Server;
let requests: string[];
/** How the server answers. */
let reply: "token" | "redirect" | "silence" | "flood" | "hangUp";
let url: URL;

beforeAll(async () => {
  authority = await createAuthority();
  server = createServer(await authority.serverCertificate(), async (request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers["user-agent"]} ${await text(request)}`);
    if (reply === "silence") return;
    if (reply === "hangUp") return void response.destroy();
    if (reply === "redirect") response.writeHead(302, { location: "https://localhost/elsewhere" });
    response.end(reply === "flood" ? Buffer.alloc(2 << 20) : "{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  [requests, reply] = [[], "token"];
  url = new URL(`https://127.0.0.1:${portOf(server)}/t/oauth2/token?api-version=1.0`);
});

const client = (over: Partial<EntraClientOptions> = {}) =>
  new EntraClient({ userAgent: "aad-pod-identity/NMI/test", ca: authority.caPem, ...over });

/** TLS 1.0 and what it signs with, as `--tls-min-v1.0` and `--tls-cipher-list` of Node's options allow. */
function speakingLess(): Disposable {
  const { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS } = tls;
  Object.assign(tls, { DEFAULT_MIN_VERSION: "TLSv1", DEFAULT_CIPHERS: "DEFAULT@SECLEVEL=0" });
  return { [Symbol.dispose]: () => void Object.assign(tls, { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS }) };
}

describe("EntraClient", () => {
  it("posts the form", async () => {
    const { status, body } = await client().post(url, form, never);
    expect([status, body.toString()]).toEqual([200, "{}"]);
    const line = "POST /t/oauth2/token?api-version=1.0 aad-pod-identity/NMI/test client_secret=hush+%26+more";
    expect(requests).toEqual([line]);
  });

  it("follows no redirect", async () => {
    reply = "redirect";
    expect((await client().post(url, form, never)).status).toBe(302);
    expect(requests.length).toBe(1);
  });

  it.each<{ when: typeof reply; says: RegExp; code: string }>([
    { when: "silence", code: "ENTRA_UNREACHABLE", says: /\(no answer within 0\.2 seconds\): check the node's network/ },
    { when: "hangUp", code: "ENTRA_UNREACHABLE", says: /\(ECONNRESET\): check the node's network/ },
    { when: "flood", code: "ENTRA_ERROR", says: /is too large$/ },
  ])("tells of $when", async ({ when, code, says }) => {
    reply = when;
    const timeoutMs = when === "silence" ? 200 : 10_000;
    const posting = client({ timeoutMs }).post(url, form, never);
    await expect(posting).rejects.toMatchObject({ code, message: expect.stringMatching(says) });
  });

  it("says what to do about a certificate that it does not trust, and sends nothing", async () => {
    const { caPem } = await createAuthority();
    const posting = client({ ca: caPem }).post(url, form, never);
    await expect(posting).rejects.toThrow(/shows a certificate that NMI does not trust: name its authority's file/);
    expect(requests).toEqual([]);
  });

  it("speaks TLS 1.2 at least, also where Node is told to speak less", async () => {
    using _less = speakingLess();
    const versions = { maxVersion: "TLSv1.1", minVersion: "TLSv1" } as const;
    const old = createServer({ ...(await authority.serverCertificate()), ...versions }, (_, response) =>
      response.end(),
    );
    await new Promise<void>((resolve) => old.listen(0, "127.0.0.1", resolve));
    const spoken = tls.connect({ port: portOf(old), host: "127.0.0.1", ca: authority.caPem });
    await once(spoken, "secureConnect");
    spoken.destroy();
    const posting = client().post(new URL(`https://127.0.0.1:${portOf(old)}/`), form, never);
    await expect(posting).rejects.toMatchObject({ code: "ENTRA_UNREACHABLE" });
    await new Promise((resolve) => old.close(resolve));
  });

  it("ends with the caller that leaves", async () => {
    reply = "silence";
    const leaving = new AbortController();
    const posting = client().post(url, form, leaving.signal);
    await expect.poll(() => requests.length).toBe(1);
    leaving.abort(new Error("left"));
    await expect(posting).rejects.toThrow("left");
  });
});

describe("a proxy", () => {
  async function startProxy() {
    const asked: string[] = [];
    const proxy = createProxy();
    const sockets = new Set<Duplex>();
    proxy.on("connect", (request, socket) => {
      sockets.add(socket);
      asked.push(request.url ?? "");
      const onward = connect(portOf(server), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
        onward.pipe(socket).pipe(onward);
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const HTTPS_PROXY = `http://me:hush@127.0.0.1:${portOf(proxy)}`;
    return {
      asked,
      HTTPS_PROXY,
      async [Symbol.asyncDispose]() {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => proxy.close(resolve));
      },
    };
  }

  it("of the environment is used, but not where NO_PROXY says so", async () => {
    await using proxy = await startProxy();
    const { HTTPS_PROXY } = proxy;
    expect((await client({ env: { HTTPS_PROXY } }).post(url, form, never)).status).toBe(200);
    expect(proxy.asked).toEqual([url.host]);
    expect((await client({ env: { HTTPS_PROXY, NO_PROXY: "127.0.0.1" } }).post(url, form, never)).status).toBe(200);
    expect((await client().post(url, form, never)).status).toBe(200);
    expect(proxy.asked).toEqual([url.host]);
  });

  it.each(["", "HTTP://"])("is used where its URL begins with %j", async (scheme) => {
    await using proxy = await startProxy();
    const HTTPS_PROXY = proxy.HTTPS_PROXY.replace("http://", scheme);
    expect((await client({ env: { HTTPS_PROXY } }).post(url, form, never)).status).toBe(200);
    expect(proxy.asked).toEqual([url.host]);
  });

  it("that no request can go through does not count where NO_PROXY says so", async () => {
    const env = { HTTPS_PROXY: "http://me:50%hush@127.0.0.1:9", NO_PROXY: "127.0.0.1" };
    expect((await client({ env }).post(url, form, never)).status).toBe(200);
  });

  it("that is away is told without its password", async () => {
    const posting = client({ env: { HTTPS_PROXY: "http://me:hush@127.0.0.1:9" } }).post(url, form, never);
    await expect(posting).rejects.toThrow(/does not answer \(ECONNREFUSED\): check the node's network, HTTPS_PROXY/);
    await expect(posting).rejects.not.toThrow(/hush/);
  });

  it.each(["http://me:50%hush@127.0.0.1:9", "http://me:hu sh@:1", "socks5://127.0.0.1:9"])(
    "that no request can go through is told at each of them, and none goes past it: %s",
    async (HTTPS_PROXY) => {
      const posting = client({ env: { HTTPS_PROXY } }).post(url, form, never);
      const code = "ENTRA_UNREACHABLE";
      const message = `Entra ID at ${url.host} is not asked: ${proxyProblem({ HTTPS_PROXY })}`;
      await expect(posting).rejects.toMatchObject({ code, message });
      expect(requests).toEqual([]);
    },
  );
});

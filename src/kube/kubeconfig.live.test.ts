import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadAccess } from "./kubeconfig.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kubeconfig-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Writes a kubeconfig with one cluster and one user, and gives its path. */
async function kubeconfig(user: object, cluster: object = {}): Promise<string> {
  const path = join(folder, "config");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server: "https://example:6443/", ...cluster } }],
    users: [{ name: "u", user }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  };
  await writeFile(path, JSON.stringify(config)); // JSON is YAML
  return path;
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("access by a kubeconfig", () => {
  it("gives server, CA and token", async () => {
    const cluster = { "certificate-authority-data": base64("the CA"), "tls-server-name": "other" };
    const access = await loadAccess(await kubeconfig({ token: "t" }, cluster), {});
    expect(access).toMatchObject({ server: "https://example:6443", tlsServerName: "other" });
    const { ca, token, insecure } = await access.credentials();
    expect([ca, token?.reveal(), insecure]).toEqual(["the CA", "t", false]);
  });

  it("gives a client certificate, also from files beside it", async () => {
    await writeFile(join(folder, "key.pem"), "the key");
    const user = { "client-certificate-data": base64("the certificate"), "client-key": "key.pem" };
    const access = await loadAccess(await kubeconfig(user, { "insecure-skip-tls-verify": true }), {});
    expect(await access.credentials()).toEqual({ cert: "the certificate", key: "the key", insecure: true });
  });

  it("goes to plain http servers and through proxies", async () => {
    const cluster = { server: "http://127.0.0.1:8001", "proxy-url": "http://proxy:3128" };
    const access = await loadAccess(await kubeconfig({ token: "t", as: "jane" }, cluster), {});
    expect(access).toMatchObject({ server: "http://127.0.0.1:8001", proxy: "http://proxy:3128" });
    expect((await access.credentials()).token?.reveal()).toBe("t");
  });

  it.each(["http://u:hush%@proxy:3128", "http://u:hu sh@:1", "socks5://u:hush@proxy:1080"])(
    "says what to write in place of a proxy that no request could go through, without its password: %s",
    async (url) => {
      const error = await loadAccess(await kubeconfig({ token: "t" }, { "proxy-url": url }), {}).catch(String);
      expect(error).toMatch(/names no proxy of HTTP as the proxy-url of its cluster: write http:.*%25/);
      expect(error).not.toMatch(/hu ?sh/);
    },
  );

  it("gives the CA to those without a user, too", async () => {
    const path = await kubeconfig({}, { "certificate-authority-data": base64("the CA") });
    await writeFile(path, (await readFile(path, "utf8")).replace('"user":"u"', '"user":"nobody"'));
    expect((await (await loadAccess(path, {})).credentials()).ca).toBe("the CA");
  });

  it("is read anew when the server refuses what was in it", async () => {
    const path = await kubeconfig({ token: "first" });
    const access = await loadAccess(path, {});
    await kubeconfig({ token: "second" });
    expect((await access.credentials()).token?.reveal()).toBe("first");
    expect((await access.credentials(true)).token?.reveal()).toBe("second");
    expect((await access.credentials()).token?.reveal()).toBe("second");
  });

  it("asks an exec plug-in once for many, and again when its answer has expired", async () => {
    const count = join(folder, "count");
    const script = `
      const fs = require("node:fs");
      fs.appendFileSync(${JSON.stringify(count)}, "x");
      const token = "token-" + fs.readFileSync(${JSON.stringify(count)}, "utf8").length;
      const status = { token, expirationTimestamp: "2020-01-01T00:00:00Z" };
      console.log(JSON.stringify({ apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status }));`;
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: process.execPath, args: ["-e", script] };
    const access = await loadAccess(await kubeconfig({ exec }), {});

    const first = await Promise.all([access.credentials(), access.credentials()]);
    const second = await access.credentials();

    expect(first.map(({ token }) => token?.reveal())).toEqual(["token-1", "token-1"]);
    expect(second.token?.reveal()).toBe("token-2");
  });

  it("says which kubeconfig gives no credentials, and why", async () => {
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: join(folder, "no-such-plug-in") };
    const path = await kubeconfig({ exec });
    await expect((await loadAccess(path, {})).credentials()).rejects.toMatchObject({
      code: "KUBE_UNAUTHORIZED",
      message: expect.stringContaining(`the kubeconfig ${path} gives no credentials`),
    });
  });

  it.each([
    { what: "is not there", text: undefined, code: "FILE_UNREADABLE", says: "there is no such file" },
    { what: "is no YAML", text: "{", code: "FILE_INVALID", says: "is not a kubeconfig" },
    { what: "is another document", text: "a: 1", code: "FILE_INVALID", says: "names no cluster" },
    { what: "is empty", text: "", code: "FILE_INVALID", says: "config" },
  ])("is refused in one sentence when the file $what", async ({ text, code, says }) => {
    const path = join(folder, "other");
    if (text !== undefined) await writeFile(path, text);
    await expect(loadAccess(path, {})).rejects.toMatchObject({ code, message: expect.stringContaining(says) });
    await expect(loadAccess(path, {})).rejects.toThrow(path);
  });

  it("is access from a pod when no path is given", async () => {
    await expect(loadAccess("", {})).rejects.toMatchObject({ code: "KUBECONFIG_MISSING" });
    expect((await loadAccess("", { KUBERNETES_SERVICE_HOST: "10.0.0.1" })).server).toBe("https://10.0.0.1:443");
  });
});

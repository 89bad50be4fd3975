import { mkdtemp, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { inClusterAccess } from "./in-cluster.ts";

const env = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "in-cluster-"));
  await writeFile(join(folder, "ca.crt"), "the CA");
  await writeFile(join(folder, "token"), "first\n");
});
afterEach(() => rm(folder, { recursive: true }));

describe("access from a pod", () => {
  it("takes address, CA and token from what kubelet gives", async () => {
    const access = inClusterAccess(env, folder);
    const { ca, token } = await access.credentials();
    expect(access.server).toBe("https://10.0.0.1:443");
    expect(ca).toBe("the CA");
    expect(token?.reveal()).toBe("first");
  });

  it("writes an IPv6 address as a URL does", () => {
    expect(inClusterAccess({ ...env, KUBERNETES_SERVICE_HOST: "fd00::1" }, folder).server).toBe(
      "https://[fd00::1]:443",
    );
  });

  it("uses a token that replaced the former one, as kubelet does it", async () => {
    const access = inClusterAccess(env, folder);
    await access.credentials();
    await writeFile(join(folder, "new"), "other");
    await rename(join(folder, "new"), join(folder, "token"));
    expect((await access.credentials()).token?.reveal()).toBe("other");
  });

  it("reads the token again when it was refused, though the file does not look changed", async () => {
    const access = inClusterAccess(env, folder);
    await access.credentials();
    const file = join(folder, "token");
    const { atime, mtime } = await stat(file);
    await writeFile(file, "other\n"); // of the same length, and with the same time
    await utimes(file, atime, mtime);
    expect((await access.credentials(true)).token?.reveal()).toBe("other");
  });

  it("says what to do when the pod has no token", async () => {
    await rm(join(folder, "token"));
    await expect(inClusterAccess(env, folder).credentials()).rejects.toMatchObject({
      code: "FILE_UNREADABLE",
      message: expect.stringContaining("automountServiceAccountToken"),
    });
  });

  it("is refused outside a pod, with what to give instead", () => {
    expect(() => inClusterAccess({}, folder)).toThrow(/name a kubeconfig with --kubeconfig/);
  });
});

import { mkdir, mkdtemp, rename, rm, rmdir, symlink, utimes, writeFile } from "node:fs/promises";
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

  it("uses a token that replaced the former one as kubelet does it, even if all looks the same but the file", async () => {
    for (const [version, token] of Object.entries({ "..1": "first\n", "..2": "other\n" })) {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, "token"), token);
      await utimes(join(folder, version, "token"), 1000, 1000);
    }
    await rm(join(folder, "token"));
    await symlink("..data/token", join(folder, "token"));
    await symlink("..1", join(folder, "..data"));
    const access = inClusterAccess(env, folder);
    expect((await access.credentials()).token?.reveal()).toBe("first");
    await symlink("..2", join(folder, "..new"));
    await rename(join(folder, "..new"), join(folder, "..data"));
    expect((await access.credentials()).token?.reveal()).toBe("other");
  });

  it("uses a token that was written over the former one", async () => {
    const access = inClusterAccess(env, folder);
    await access.credentials();
    await writeFile(join(folder, "token"), "another\n");
    expect((await access.credentials()).token?.reveal()).toBe("another");
  });

  it("reads both again when they were refused, though no file looks changed", async () => {
    const files = ["token", "ca.crt"].map((name) => join(folder, name));
    for (const file of files) await utimes(file, 1000, 1000);
    const access = inClusterAccess(env, folder);
    await access.credentials();
    await writeFile(join(folder, "token"), "other\n"); // as long as before
    await writeFile(join(folder, "ca.crt"), "new CA");
    for (const file of files) await utimes(file, 1000, 1000);
    const { ca, token } = await access.credentials(true);
    expect([token?.reveal(), ca]).toEqual(["other", "new CA"]);
  });

  it("gives no former token where there is none to be read, and goes on once there is", async () => {
    const access = inClusterAccess(env, folder);
    await access.credentials();
    const file = join(folder, "token");
    await rm(file);
    await expect(access.credentials()).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
    await mkdir(file); // is there, and cannot be read
    for (const _ of [1, 2]) await expect(access.credentials()).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
    await rmdir(file);
    await writeFile(file, "other");
    expect((await access.credentials()).token?.reveal()).toBe("other");
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

import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pod, Volume } from "kubernetes-types/core/v1.d.ts";
import { expect, it, onTestFinished } from "vitest";
import type { PodSources } from "./sources.ts";
import { makeVolumes } from "./volumes.ts";

const values = new Map([
  ["secrets s", new Map([["k", Buffer.from("hidden")]])],
  [
    "configmaps c",
    new Map([
      ["a", Buffer.from("1")],
      ["b", Buffer.from("2")],
    ]),
  ],
]);
const sources: PodSources = {
  keyValues: async (kind, _namespace, name) => values.get(`${kind} ${name}`),
  requestToken: async (_pod, _signal, audience = "") => `token for ${audience}`,
};

async function make(...volumes: readonly Volume[]) {
  const folder = await mkdtemp(join(tmpdir(), "volumes-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const root = join(folder, "root");
  const pod: Pod = { metadata: { name: "p", namespace: "ns" }, spec: { containers: [], volumes: [...volumes] } };
  const signal = new AbortController().signal;
  const made = await makeVolumes(pod, { folder: join(folder, "pod"), root, sources, signal });
  return { root, read: (name: string, path = "") => readFile(join(made.get(name) ?? "", path), "utf8"), made };
}

it("fills volumes with keys, fields and tokens", async () => {
  const { read, made } = await make(
    { name: "secret", secret: { secretName: "s" } },
    { name: "config", configMap: { name: "c", items: [{ key: "b", path: "deep/b" }] } },
    { name: "down", downwardAPI: { items: [{ path: "name", fieldRef: { fieldPath: "metadata.name" } }] } },
    {
      name: "both",
      projected: {
        sources: [{ serviceAccountToken: { path: "token", audience: "azure" } }, { configMap: { name: "c" } }],
      },
    },
    { name: "empty", emptyDir: {} },
  );
  expect(await read("secret", "k")).toBe("hidden");
  expect(await read("config", "deep/b")).toBe("2");
  expect(await read("down", "name")).toBe("p");
  expect([await read("both", "token"), await read("both", "a")]).toEqual(["token for azure", "1"]);
  expect((await stat(made.get("empty") ?? "")).isDirectory()).toBe(true);
  expect((await stat(join(made.get("secret") ?? "", "k"))).mode & 0o777).toBe(0o600);
});

it("takes paths of the host from the node's own folder, and the kernel's from the machine", async () => {
  const host = (name: string, path: string, type?: string): Volume => ({
    name,
    hostPath: { path, ...(type && { type }) },
  });
  const { root, made, read } = await make(
    host("lock", "/run/lock", "FileOrCreate"),
    host("new", "/a/b"),
    host("proc", "/proc/sys"),
  );
  expect(made.get("lock")).toBe(join(root, "run/lock"));
  await writeFile(made.get("lock") ?? "", "kept");
  expect(await read("lock")).toBe("kept");
  expect((await stat(made.get("new") ?? "")).isDirectory()).toBe(true);
  expect(made.get("proc")).toBe("/proc/sys");
  await expect(make(host("none", "/none", "File"))).rejects.toThrow(
    "hostPath type check failed: /none is not on the node",
  );
  await expect(make(host("proc", "/proc/sys", "File"))).rejects.toThrow("/proc/sys is not a file");
});

it("says what is not there, or not done here", async () => {
  await expect(make({ name: "v", secret: { secretName: "none" } })).rejects.toThrow('secret "none" not found');
  await expect(make({ name: "v", configMap: { name: "c", items: [{ key: "x", path: "x" }] } })).rejects.toThrow(
    "references non-existent configmap key: x",
  );
  await expect(make({ name: "v", nfs: { server: "s", path: "/" } })).rejects.toThrow(
    /no volumes like v \(nfs\): use emptyDir,/,
  );
  await expect(make({ name: "v", secret: { secretName: "none", optional: true } })).resolves.toBeDefined();
});

it.each(["../x", "/proc/../etc"])("makes nothing of a path of the host that turns back: %s", async (path) => {
  await expect(make({ name: "v", hostPath: { path } })).rejects.toThrow(`hostPath "${path}" must not contain '..'`);
});

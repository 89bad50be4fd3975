import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { call, MERGE_PATCH } from "../../../../test/support/kube/kube-call.ts";
import { startKubeApi } from "../server.ts";
import { keptOnly } from "./not-carried-out.ts";

const APPS = "/apis/apps/v1/namespaces/default";
const JOBS = "/apis/batch/v1/namespaces/default/jobs";
const template = { metadata: { labels: { app: "a" } }, spec: { containers: [{ name: "a", image: "demo:1" }] } };
const set = { metadata: { name: "a" }, spec: { selector: { matchLabels: { app: "a" } }, template } };
const job = (spec: object) => ({
  metadata: { name: "a" },
  spec: { template: { ...template, spec: { ...template.spec, restartPolicy: "Never" } }, ...spec },
});
const KEPT = '299 - "StatefulSet is kept but never carried out: the sandbox makes no pods of it"';

it("warns whoever writes what nothing comes of", async () => {
  await using api = await startKubeApi({ controllers: true });
  const warning = async (...asked: readonly [method: string, path: string, body: object, how?: object]) =>
    (await call(api.url, ...asked)).headers.get("warning");
  expect(await warning("POST", `${APPS}/statefulsets?dryRun=All`, set)).toBe(KEPT);
  expect(await warning("POST", `${APPS}/statefulsets`, set)).toBe(KEPT);
  expect(await warning("POST", `${APPS}/statefulsets`, set)).toBeNull(); // it is refused
  const patch = { spec: { replicas: 2 } };
  expect(await warning("PATCH", `${APPS}/statefulsets/a`, patch, { type: MERGE_PATCH })).toBe(KEPT);
  expect((await call(api.url, "GET", `${APPS}/statefulsets/a`)).headers.get("warning")).toBeNull();
  expect(await warning("POST", `${APPS}/deployments`, set)).toBeNull();
});

it("warns of a job whose pods would have an index, and of no other", async () => {
  await using api = await startKubeApi({ controllers: true });
  const made = async (spec: object) => (await call(api.url, "POST", `${JOBS}?dryRun=All`, job(spec))).headers;
  expect((await made({ completionMode: "Indexed", completions: 2 })).get("warning")).toMatch(/^299 - "completionMode/);
  expect((await made({})).get("warning")).toBeNull();
});

it("says nothing of it where nothing at all is carried out", async () => {
  await using api = await startKubeApi();
  expect((await call(api.url, "POST", `${APPS}/statefulsets`, set)).headers.get("warning")).toBeNull();
});

it("is listed in the sandbox's page", () => {
  const page = readFileSync(new URL("../../../../docs/sandbox.md", import.meta.url), "utf8");
  const row = page.split("\n").find((line) => line.startsWith("| Kubernetes API |")) ?? "";
  const missing = Object.keys(keptOnly).filter((id) => !row.includes(`\`${id.split("/")[1]}\``));
  expect(missing).toEqual([]);
});

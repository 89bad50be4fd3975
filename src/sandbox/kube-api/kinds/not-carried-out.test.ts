import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { call, MERGE_PATCH } from "../../../../test/support/kube/kube-call.ts";
import { startKubeApi } from "../server.ts";
import { keptOnly, keptParts } from "./not-carried-out.ts";

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

const numbered = { completionMode: "Indexed", completions: 2 };
const rules = [{ action: "FailJob", onExitCodes: { operator: "In", values: [3] } }];
it.each<{ spec: object; of: readonly string[] }>([
  { spec: numbered, of: ["completionMode "] },
  { spec: { podFailurePolicy: { rules } }, of: ["podFailurePolicy is"] },
  {
    spec: { ...numbered, successPolicy: { rules: [{ succeededCount: 1 }] } },
    of: ["completionMode ", "successPolicy is"],
  },
  { spec: { ...numbered, backoffLimitPerIndex: 0 }, of: ["completionMode ", "backoffLimitPerIndex is"] },
  { spec: { managedBy: "example.com/queue" }, of: ['managedBy \\"example.com/queue\\" is'] },
  { spec: { managedBy: "kubernetes.io/job-controller", completionMode: "NonIndexed", completions: 2 }, of: [] },
])("warns of what the sandbox does not do of the job $spec", async ({ spec, of }) => {
  await using api = await startKubeApi({ controllers: true });
  const { headers, code } = await call(api.url, "POST", `${JOBS}?dryRun=All`, job(spec));
  expect(code).toBe(201);
  const said = headers.get("warning")?.split(", 299 - ") ?? [];
  expect(said).toEqual(of.map((beginning) => expect.stringContaining(`"${beginning}`)));
});

it("says nothing of it where nothing at all is carried out", async () => {
  await using api = await startKubeApi();
  expect((await call(api.url, "POST", `${APPS}/statefulsets`, set)).headers.get("warning")).toBeNull();
});

it("is listed in the sandbox's page", () => {
  const page = readFileSync(new URL("../../../../docs/sandbox.md", import.meta.url), "utf8");
  const row = page.split("\n").find((line) => line.startsWith("| Kubernetes API |")) ?? "";
  const kinds = Object.keys(keptOnly).map((id) => id.split("/")[1]);
  const fields = Object.values(keptParts).flatMap((parts) => Object.keys(parts));
  const missing = [...kinds, ...fields].filter((name) => !row.includes(`\`${name}\``));
  expect(missing).toEqual([]);
});

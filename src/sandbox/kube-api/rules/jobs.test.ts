import { expect, it } from "vitest";
import { freshKubeApi } from "../../../../test/support/kube/fresh-kube-api.ts";

const JOBS = "/apis/batch/v1/namespaces/default/jobs";
const api = freshKubeApi();

const job = (suspend: boolean) => ({
  metadata: { name: "a" },
  spec: { suspend, template: { spec: { containers: [{ name: "main", image: "demo:1" }], restartPolicy: "Never" } } },
});
const elsewhere = { spec: { template: { spec: { nodeSelector: { pool: "blue" } } } } };

it.each([
  { held: "held up and made no pods yet", suspend: true, status: {}, code: 200 },
  { held: "held up and was started before", suspend: true, status: { startTime: "2026-01-01T00:00:00Z" }, code: 422 },
  { held: "not held up", suspend: false, status: {}, code: 422 },
])("answers $code to other nodes for a job that is $held", async ({ suspend, status, code }) => {
  expect(await api.post(JOBS, job(suspend))).toMatchObject({ code: 201 });
  expect(await api.merge(`${JOBS}/a/status`, { status })).toMatchObject({ code: 200 });
  expect(await api.merge(`${JOBS}/a`, elsewhere)).toMatchObject({ code });
});

import { expect, it } from "vitest";
import { startWorkloadTest, templateOf } from "../../../test/support/kube/workloads.ts";
import { eventually } from "../../../test/support/time/eventually.ts";

const JOBS = "/apis/batch/v1/namespaces/default/jobs";

async function withJob(spec: object = {}) {
  const test = await startWorkloadTest();
  await test.make(JOBS, {
    metadata: { name: "once" },
    spec: { template: templateOf("demo:1", { restartPolicy: "Never" }), ...spec },
  });
  const job = () => test.get(`${JOBS}/once`);
  const condition = async (type: string) =>
    ((await job()).status.conditions as { type: string }[] | undefined)?.find((each) => each.type === type);
  const running = async () => (await test.pods()).filter(({ status }) => status.phase === "Pending");
  const endAll = async (phase: "Succeeded" | "Failed") => {
    for (const { metadata } of await running()) await test.end(metadata.name, phase);
  };
  return { ...test, job, condition, running, endAll };
}

it("makes pods until enough have succeeded", async () => {
  const once = await withJob({ completions: 3, parallelism: 2 });
  await once.hasPods(2);
  await once.endAll("Succeeded");
  await eventually(async () => (await once.running()).length).toBe(1);
  await once.endAll("Succeeded");
  await eventually(() => once.condition("Complete")).toMatchObject({ status: "True", reason: "CompletionsReached" });
  expect((await once.job()).status).toMatchObject({ succeeded: 3, completionTime: expect.any(String) });
});

it("fails once a pod more has failed than may", async () => {
  const once = await withJob({ backoffLimit: 0 });
  await once.hasPods(1);
  await once.endAll("Failed");
  await eventually(() => once.condition("Failed")).toMatchObject({ status: "True", reason: "BackoffLimitExceeded" });
  expect((await once.job()).status).toMatchObject({ failed: 1 });
});

it("fails when it takes too long, and ends its pods", async () => {
  const once = await withJob({ activeDeadlineSeconds: 1 });
  await eventually(() => once.condition("Failed")).toMatchObject({ status: "True", reason: "DeadlineExceeded" });
  await once.hasPods(0);
});

it("counts a pod that was deleted once it had succeeded", async () => {
  const once = await withJob({ completions: 2, parallelism: 1 });
  await once.hasPods(1);
  const [first] = await once.pods();
  await once.endAll("Succeeded");
  await eventually(async () => (await once.job()).status.succeeded).toBe(1);
  await once.remove(`/api/v1/namespaces/default/pods/${first?.metadata.name}`);
  await eventually(async () => (await once.running()).length).toBe(1);
  await once.endAll("Succeeded");
  await eventually(() => once.condition("Complete")).toMatchObject({ status: "True" });
});

it("waits while it is suspended, and goes by itself when it says so", async () => {
  const once = await withJob({ suspend: true, ttlSecondsAfterFinished: 0 });
  await eventually(() => once.condition("Suspended")).toMatchObject({ status: "True" });
  expect(await once.pods()).toEqual([]);
  await once.merge(`${JOBS}/once`, { spec: { suspend: false } });
  await once.hasPods(1);
  await once.endAll("Succeeded");
  await eventually(async () => (await once.job()).code).toBe(404);
  await once.hasPods(0);
});

it("waits twice as long after each pod that failed", async () => {
  const once = await withJob();
  await once.hasPods(1);
  const failLast = async (secondsAgo: number, pod?: string) => {
    const name = pod ?? String((await once.running())[0]?.metadata.name);
    const finishedAt = new Date(Date.now() - secondsAgo * 1000).toISOString().replace(/\.\d+/, "");
    const state = { terminated: { exitCode: 1, finishedAt } };
    const main = { name: "main", image: "demo:1", imageID: "", ready: false, restartCount: 0, state };
    await once.merge(`/api/v1/namespaces/default/pods/${name}/status`, {
      status: { phase: "Failed", containerStatuses: [main] },
    });
    return name;
  };
  await failLast(60);
  await eventually(async () => (await once.running()).length).toBe(1);
  const second = await failLast(12);
  await eventually(async () => (await once.job()).status.failed).toBe(2);
  expect(await once.running()).toEqual([]);
  await failLast(21, second);
  await eventually(async () => (await once.running()).length).toBe(1);
});

it("lets its pods go when it goes at once", async () => {
  const once = await withJob();
  await once.hasPods(1);
  await once.remove(`${JOBS}/once`, { propagationPolicy: "Background" });
  await once.hasPods(0);
});

import { it } from "vitest";
import { startWorkloadTest, templateOf, webSelector } from "../../../test/support/kube/workloads.ts";
import { eventually } from "../../../test/support/time/eventually.ts";

const DAEMONS = "/apis/apps/v1/namespaces/default/daemonsets";
const HOSTNAME = "kubernetes.io/hostname";

async function withAgent(spec: object = {}) {
  const test = await startWorkloadTest();
  await test.make(DAEMONS, {
    metadata: { name: "agent" },
    spec: { selector: webSelector, template: templateOf("demo:1"), ...spec },
  });
  const status = async () => (await test.get(`${DAEMONS}/agent`)).status;
  const change = (changed: object) => test.merge(`${DAEMONS}/agent`, { spec: changed });
  const images = async () =>
    (await test.pods()).map(({ spec: pod }) => (pod.containers as { image: string }[])[0]?.image).sort();
  return { ...test, status, change, images };
}

it("has a pod for each node, and for one that comes later", async () => {
  const agent = await withAgent();
  await agent.hasPods(2);
  await agent.make("/api/v1/nodes", { metadata: { name: "node-c" } });
  await agent.hasPods(3);
  for (const { metadata } of await agent.pods()) await agent.ready(metadata.name);
  await eventually(agent.status).toMatchObject({
    ...{ desiredNumberScheduled: 3, currentNumberScheduled: 3, numberReady: 3, numberAvailable: 3 },
    ...{ updatedNumberScheduled: 3, observedGeneration: 1, numberMisscheduled: 0 },
  });
});

it("leaves out nodes that it does not select or tolerate", async () => {
  const agent = await withAgent({ template: templateOf("demo:1", { nodeSelector: { [HOSTNAME]: "node-b" } }) });
  await agent.hasPods(1);
  await agent.merge("/api/v1/nodes/node-b", { spec: { taints: [{ key: "own", effect: "NoExecute" }] } });
  await agent.hasPods(0);
  await agent.merge("/api/v1/nodes/node-b", { spec: { taints: null } });
  await agent.hasPods(1);
});

it("replaces its pods a node at a time, the old one first", async () => {
  const agent = await withAgent();
  await agent.hasPods(2);
  for (const { metadata } of await agent.pods()) await agent.ready(metadata.name);
  await eventually(async () => (await agent.status()).numberAvailable).toBe(2);
  await agent.change({ template: templateOf("demo:2") });
  await eventually(agent.images).toEqual(["demo:1", "demo:2"]);
  const fresh = (await agent.pods()).find(({ status }) => status.phase === "Pending");
  await agent.ready(String(fresh?.metadata.name));
  await eventually(agent.images).toEqual(["demo:2", "demo:2"]);
});

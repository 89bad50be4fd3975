import { expect, it } from "vitest";
import { planExample } from "../../../test/support/chart/doc-pages.ts";
import { ask } from "../../../test/support/kube/same-api.ts";
import { createLog } from "../../base/log.ts";
import { startSandbox } from "../compose.ts";

it("has the nodes, identities and namespaces of the file that its page shows, in their resource groups", {
  timeout: 60_000,
}, async () => {
  const plan = { file: { name: "cluster.yaml", text: planExample() } };
  await using sandbox = await startSandbox({ programs: new Map(), log: createLog({ write: () => {} }), plan });
  const { server, ca = "", token = "" } = sandbox.access;
  const get = async (path: string) => (await ask({ url: server, ca, token }, { path })).body;

  const [blue, , , last] = sandbox.nodes;
  expect(sandbox.nodes.map(({ name }) => name)).toEqual(["blue", "green000000", "green000001", "green000002"]);
  expect(last?.providerId).toMatch(/resourceGroups\/MC_other\/.*virtualMachineScaleSets\/green\/virtualMachines\/2$/);
  expect(await get("/api/v1/nodes/blue")).toMatchObject({ metadata: { labels: { pool: "blue" } } });
  expect(await get("/api/v1/namespaces/team-a")).toMatchObject({ status: { phase: "Active" } });
  const [reader, writer] = sandbox.identities;
  expect(await sandbox.azure.identitiesOn(blue?.machineId ?? "")).toEqual([reader?.id]);
  expect(writer?.id).toContain("/resourceGroups/shared/");
  const { host, port } = last?.imds ?? {};
  const asked = await fetch(`http://${host}:${port}/metadata/instance?api-version=2021-02-01`, {
    headers: { Metadata: "true" },
  });
  expect(await asked.json()).toMatchObject({ compute: { name: "green_2", resourceGroupName: "MC_other" } });
});

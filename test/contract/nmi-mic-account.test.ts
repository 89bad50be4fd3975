import { describe, expect, it } from "vitest";
import { askNmi, type NmiWorld, nmiWorld } from "../support/nmi/world.ts";
import { runProgram } from "../support/program.ts";

const NAMESPACE = "azure";
const [MIC, OTHER] = ["127.9.9.1", "127.9.9.2"];

describe("the program nmi, told MIC's service account", () => {
  it("lets MIC's pods past: the one with that account reaches IMDS itself, and nobody else", async () => {
    await using world = await nmiWorld();
    await using nmi = await world.start([`--mic-service-account=${NAMESPACE}/mic`]);
    const ask = (from: string) => askNmi(nmi, { from, path: "/metadata/identity/info" });
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } };
    await world.kube.call("POST", "/api/v1/namespaces", namespace);
    await createPod(world, "mic-5d9c7-x2x4q", OTHER, "default");
    await createPod(world, "controller", MIC, "mic");
    await expect.poll(async () => (await ask(MIC)).status, { timeout: 30_000 }).not.toBe(503);
    expect(world.imds.requests.map(({ target }) => target)).toEqual(["/metadata/identity/info"]);
    expect((await ask(OTHER)).status).toBe(404);
    expect(world.imds.requests).toHaveLength(1);
    expect(nmi.program.output()).toContain(
      'token handling decision="excepted" by="mic-service-account" area="identity" pod="azure/controller"',
    );
  });

  it.each(["mic", "azure/default", "azure/mic-*"])(
    "does not start with the account %s, and says why",
    async (account) => {
      const { code, stderr } = await runProgram("nmi", ["--node=node-0", `--mic-service-account=${account}`]);
      expect(code).toBe(2);
      expect(stderr).toContain(`--mic-service-account=${account} `);
    },
  );
});

async function createPod({ kube }: NmiWorld, name: string, podIP: string, serviceAccountName: string): Promise<void> {
  const path = `/api/v1/namespaces/${NAMESPACE}/pods`;
  await kube.call("POST", path, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: NAMESPACE },
    spec: { nodeName: "node-0", serviceAccountName, containers: [{ name: "main", image: "mic" }] },
  });
  await kube.call("PATCH", `${path}/${name}/status`, { status: { phase: "Running", podIP, podIPs: [{ ip: podIP }] } });
}

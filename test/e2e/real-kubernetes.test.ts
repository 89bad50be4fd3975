import { expect, it } from "vitest";
import { kinds } from "../../src/api/kinds.ts";
import { createLog } from "../../src/base/log.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { accessTo, type ControlPlaneAddress } from "../support/kube/control-plane.ts";
import { onKubernetes } from "../support/kube/on-kubernetes.ts";
import { runProgram, startProgram } from "../support/program.ts";

const signal = AbortSignal.timeout(600_000); // for all tests of the file

/** What a walkthrough may leave in a cluster, by kind. */
async function traces(address: ControlPlaneAddress): Promise<Record<string, number>> {
  const log = createLog({ write: () => {} });
  await using client = new KubeClient(accessTo(address), { userAgent: "test", log });
  const counted = [kinds.pod, kinds.node, kinds.crd].map(async (kind) => [
    kind.kind,
    (await client.list(kind, {}, signal)).length,
  ]);
  return Object.fromEntries(await Promise.all(counted));
}

onKubernetes("the walkthrough on a real kube-apiserver", (address) => {
  const nothing = { Pod: 0, Node: 0, CustomResourceDefinition: 0 };
  const walk = (...args: string[]) =>
    runProgram("podid", ["walkthrough", `--with-real-kubernetes=${address.kubeconfig}`, ...args]);

  it("holds from the first step to the last, and leaves the cluster as it was", async () => {
    const { code, stdout, stderr } = await walk();
    expect(stderr).toBe("");
    expect(stdout).toContain("All 10 steps held.");
    expect(code).toBe(0);
    expect(await traces(address)).toEqual(nothing);
  });

  it("takes the YAML of older guides as it stands: the API server prunes none of it", async () => {
    const { code, stdout } = await walk("--older-yaml");
    expect(stdout).toContain("All 10 steps held.");
    expect(code).toBe(0);
  });

  it("leaves the cluster as it was when a step does not hold, too", async () => {
    const { code, stderr } = await walk("--break=identity", "--timeout=8");
    expect(stderr).toMatch(/^podid: Step 5 of 10: .*userAssignedIdentities\/demo/i);
    expect(code).toBe(1);
    expect(await traces(address)).toEqual(nothing);
  });

  it("refuses a cluster that is in use, and touches nothing in it", async () => {
    const log = createLog({ write: () => {} });
    await using client = new KubeClient(accessTo(address), { userAgent: "test", log });
    const node = { apiVersion: "v1", kind: "Node", metadata: { name: "vm-0", labels: { mine: "yes" } } };
    await client.create(kinds.node, "", node, signal);
    try {
      const { code, stderr } = await walk();
      expect(stderr).toMatch(/^podid: https:\/\/127.* is in use \(it has Node vm-0\): .*\n$/);
      expect(code).toBe(2);
      const kept = (await client.get(kinds.node, { namespace: "", name: "vm-0" }, signal)) as typeof node;
      expect(kept.metadata.labels.mine).toBe("yes");
    } finally {
      await client.remove(kinds.node, { namespace: "", name: "vm-0" }, {}, signal);
    }
  });

  it("takes the nodes of a sandbox away with it", async () => {
    await using sandbox = startProgram("podid", ["sandbox", `--with-real-kubernetes=${address.kubeconfig}`]);
    await sandbox.says("Ctrl-C ends it");
    expect((await traces(address)).Node).toBe(2);
    sandbox.kill("SIGINT");
    expect((await sandbox.ended).code).toBe(0);
    expect(await traces(address)).toEqual(nothing);
  });

  it("leaves the cluster as it was when it is told to stop in the middle", async () => {
    await using walking = startProgram("podid", ["walkthrough", `--with-real-kubernetes=${address.kubeconfig}`]);
    await walking.says("Step 5 of 10");
    walking.kill("SIGINT");
    expect((await walking.ended).code).toBe(130);
    expect(await traces(address)).toEqual(nothing);
  });
});

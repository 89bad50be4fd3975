import { describe, expect, inject, it } from "vitest";
import { kinds } from "../../src/api/kinds.ts";
import { createLog } from "../../src/base/log.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { accessTo, type ControlPlaneAddress } from "../support/control-plane.ts";
import { runProgram } from "../support/program.ts";

const plane = inject("controlPlane");
const reason = "missing" in plane ? plane.missing : undefined;
const signal = AbortSignal.timeout(120_000);

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

describe.skipIf("missing" in plane)(`the walkthrough on a real kube-apiserver${reason ? ` (${reason})` : ""}`, () => {
  const address = plane as ControlPlaneAddress;
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
});

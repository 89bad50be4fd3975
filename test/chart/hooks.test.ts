import { describe, expect, it } from "vitest";
import { containerOf, helmMissing, isHook, podOf, render } from "../support/chart/helm.ts";

const missing = helmMissing();
const POLICY = "helm.sh/hook-delete-policy";

describe.skipIf(missing !== undefined)(`the chart's hooks${missing ? ` (skipped: ${missing})` : ""}`, () => {
  it("change the CRDs of the project and no other, and delete none", async () => {
    const role = (await render()).find(
      ({ kind, metadata }) => kind === "ClusterRole" && metadata.name === "aad-pod-identity-crds",
    );
    expect(role?.rules).toEqual([
      {
        apiGroups: ["apiextensions.k8s.io"],
        resources: ["customresourcedefinitions"],
        resourceNames: [
          "azureassignedidentities.aadpodidentity.k8s.io",
          "azureidentities.aadpodidentity.k8s.io",
          "azureidentitybindings.aadpodidentity.k8s.io",
          "azurepodidentityexceptions.aadpodidentity.k8s.io",
        ],
        verbs: ["create", "patch"],
      },
    ]);
  });

  it("leave nothing behind, also where Helm goes away before they end", async () => {
    const hooks = (await render()).filter(isHook);
    expect(hooks.map(({ metadata }) => metadata.annotations?.[POLICY])).toEqual(
      hooks.map(() => "before-hook-creation,hook-succeeded"),
    );
    const jobs = hooks.filter(({ kind }) => kind === "Job");
    expect(jobs.map(({ metadata, spec }) => [metadata.name, spec])).toEqual(
      ["crds", "lock", "uninstall"].map((name) => [
        `aad-pod-identity-${name}`,
        // Helm itself waits for five minutes.
        expect.objectContaining({ backoffLimit: 2, activeDeadlineSeconds: 240, ttlSecondsAfterFinished: 3600 }),
      ]),
    );
  });

  it("run on any Linux node, as nobody and with nothing that they do not need", async () => {
    const jobs = (await render({}, "--kube-version=1.30.0")).filter(({ kind }) => kind === "Job");
    expect(jobs).toHaveLength(3);
    for (const job of jobs) {
      expect(podOf(job)).toMatchObject({
        restartPolicy: "Never",
        nodeSelector: { "kubernetes.io/os": "linux" },
        tolerations: [{ operator: "Exists" }],
      });
      expect(containerOf(job).securityContext).toEqual({
        runAsNonRoot: true,
        runAsUser: 65532,
        runAsGroup: 65532,
        capabilities: { drop: ["ALL"] },
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        seccompProfile: { type: "RuntimeDefault" },
      });
    }
  });
});

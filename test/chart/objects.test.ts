import { describe, expect, it } from "vitest";
import { helmMissing, isHook, type Rendered, render, the, type Values } from "../support/chart/helm.ts";

const missing = helmMissing();
const nameOf = ({ kind, metadata: { name, namespace = "" } }: Rendered) => `${kind} ${namespace}/${name}`;
const names = async (values: Values = {}, ...flags: readonly string[]) =>
  (await render(values, ...flags))
    .filter((one) => !isHook(one))
    .map(nameOf)
    .toSorted();

const OLD = "--kube-version=1.24.0";
const NEW = "--kube-version=1.30.0";

describe.skipIf(missing !== undefined)(`the chart's objects${missing ? ` (skipped: ${missing})` : ""}`, () => {
  it("are those of the original by name, with what is new", async () => {
    expect(await names({}, NEW)).toEqual([
      "AzurePodIdentityException kube-system/aks-addon-exception",
      "AzurePodIdentityException pods/mic",
      "ClusterRole /aad-pod-identity-mic",
      "ClusterRole /aad-pod-identity-nmi",
      "ClusterRoleBinding /aad-pod-identity-mic",
      "ClusterRoleBinding /aad-pod-identity-nmi",
      "DaemonSet pods/aad-pod-identity-nmi",
      "Deployment pods/aad-pod-identity-mic",
      "Role default/aad-pod-identity-mic",
      "Role pods/aad-pod-identity-mic",
      "Role pods/aad-pod-identity-nmi",
      "RoleBinding default/aad-pod-identity-mic",
      "RoleBinding pods/aad-pod-identity-mic",
      "RoleBinding pods/aad-pod-identity-nmi",
      "ServiceAccount pods/aad-pod-identity-mic",
      "ServiceAccount pods/aad-pod-identity-nmi",
      "ValidatingAdmissionPolicy /aad-pod-identity-identities",
      "ValidatingAdmissionPolicy /aad-pod-identity-records",
      "ValidatingAdmissionPolicyBinding /aad-pod-identity-identities",
      "ValidatingAdmissionPolicyBinding /aad-pod-identity-records",
    ]);
  });

  it("are NMI's alone in managed mode, whatever MIC's values ask for", async () => {
    const asked = { mic: { podDisruptionBudget: { minAvailable: 1 } }, rbac: { pspEnabled: true } };
    expect(await names({ operationMode: "managed", ...asked }, OLD)).toEqual([
      "AzurePodIdentityException kube-system/aks-addon-exception",
      "ClusterRole /aad-pod-identity-nmi",
      "ClusterRoleBinding /aad-pod-identity-nmi",
      "DaemonSet pods/aad-pod-identity-nmi",
      "PodSecurityPolicy /aad-pod-identity-psp-nmi",
      "Role pods/aad-pod-identity-nmi",
      "RoleBinding pods/aad-pod-identity-nmi",
      "ServiceAccount pods/aad-pod-identity-nmi",
    ]);
  });

  it("carry the chart's labels, all of them, and selectors are what they were", async () => {
    const values = { mic: { podDisruptionBudget: { minAvailable: 1 } }, rbac: { createUserFacingClusterRoles: true } };
    const objects = await render(values);
    for (const object of objects) {
      expect([nameOf(object), object.metadata.labels]).toEqual([
        nameOf(object),
        expect.objectContaining({
          "app.kubernetes.io/name": "aad-pod-identity",
          "app.kubernetes.io/instance": "aad",
          "app.kubernetes.io/managed-by": "Helm",
          "helm.sh/chart": "aad-pod-identity-5.0.0-alpha.1",
        }),
      ]);
    }
    for (const [kind, component] of [
      ["Deployment", "mic"],
      ["DaemonSet", "nmi"],
      ["PodDisruptionBudget", "mic"],
    ] as const) {
      expect(the(objects, kind).spec.selector.matchLabels).toEqual({
        "app.kubernetes.io/name": "aad-pod-identity",
        "app.kubernetes.io/instance": "aad",
        "app.kubernetes.io/component": component,
      });
    }
  });

  it("follow nameOverride, and the roles for users fullnameOverride", async () => {
    const roles = { rbac: { createUserFacingClusterRoles: "true" } };
    const long = await names({ nameOverride: `${"x".repeat(58)}-yz`, ...roles });
    expect(long).toContain(`DaemonSet pods/${"x".repeat(58)}-nmi`);
    expect(await names(roles)).toContain("ClusterRole /aad-aad-pod-identity-view");
    // A release whose name says what it is does not say so twice.
    expect(await names({ nameOverride: "a", ...roles })).toContain("ClusterRole /aad-view");
    expect(await names({ fullnameOverride: "full", ...roles })).toEqual(
      expect.arrayContaining(["ClusterRole /full-view", "ClusterRole /full-edit"]),
    );
  });

  it.each([true, "true"])(
    "have exceptions where installMICException is %j, of labels that few pods have",
    async (on) => {
      const objects = await render({ installMICException: on });
      expect(the(objects, "AzurePodIdentityException", "mic").spec.podLabels).toEqual({
        "app.kubernetes.io/component": "mic",
      });
      expect(the(objects, "AzurePodIdentityException", "aks-addon-exception").spec.podLabels).toEqual({
        "kubernetes.azure.com/managedby": "aks",
      });
    },
  );

  it.each([false, "false"])("have no exceptions where installMICException is %j", async (off) => {
    expect((await names({ installMICException: off })).join()).not.toContain("Exception");
  });

  it("have a budget of disruptions where one is asked for, of the version that the API server knows", async () => {
    const values = { mic: { podDisruptionBudget: { maxUnavailable: 1 } } };
    const budget = the(await render(values), "PodDisruptionBudget");
    expect(budget).toMatchObject({
      apiVersion: "policy/v1",
      metadata: { name: "mic-pdb" },
      spec: { maxUnavailable: 1 },
    });
    const old = the(await render(values, "--kube-version=1.20.0"), "PodDisruptionBudget");
    expect(old.apiVersion).toBe("policy/v1beta1");
    expect((await names()).join()).not.toContain("PodDisruptionBudget");
  });

  it("have policies of pods and of admission where the API server has them", async () => {
    const values = { rbac: { pspEnabled: "true" } };
    const old = await render(values, OLD);
    expect(the(old, "PodSecurityPolicy", "aad-pod-identity-psp-mic").spec).toMatchObject({
      volumes: ["hostPath", "secret", "projected", "emptyDir"],
      allowPrivilegeEscalation: false,
      requiredDropCapabilities: ["ALL"],
    });
    expect(the(old, "PodSecurityPolicy", "aad-pod-identity-psp-nmi").spec).toMatchObject({
      privileged: false,
      requiredDropCapabilities: ["ALL"],
      hostNetwork: true,
      allowedCapabilities: ["NET_ADMIN", "NET_RAW"],
    });
    for (const component of ["mic", "nmi"]) {
      expect(the(old, "ClusterRole", `aad-pod-identity-${component}`).rules).toContainEqual({
        apiGroups: ["policy"],
        resources: ["podsecuritypolicies"],
        resourceNames: [`aad-pod-identity-psp-${component}`],
        verbs: ["use"],
      });
    }
    for (const what of ["records", "identities"])
      expect(the(await render({}, NEW), "ValidatingAdmissionPolicy", `aad-pod-identity-${what}`).spec).toMatchObject({
        failurePolicy: "Fail",
      });
    expect((await names(values, OLD)).join()).not.toContain("Admission");
    expect((await names(values, NEW)).join()).not.toContain("PodSecurityPolicy");
    const off = { admissionPolicies: { records: "false", identities: false } };
    expect((await names(off, NEW)).join()).not.toContain("Admission");
  });

  it("have no field that Kubernetes 1.18 does not know", async () => {
    const text = JSON.stringify(await render({}, "--kube-version=1.18.0"));
    expect(text).not.toMatch(/seccompProfile|maxSurge|ValidatingAdmission/);
  });
});

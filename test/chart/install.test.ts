import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UNINSTALL_ANNOTATION } from "../../src/api/daemon-set.ts";
import { ChartCluster, clusterMissing } from "../support/chart/chart-cluster.ts";
import { CHART, containerOf, type Values } from "../support/chart/helm.ts";
import { originalChart, originalCrds } from "../support/chart/original-chart.ts";

const missing = clusterMissing();
const reason = missing === undefined ? "" : ` (skipped: ${missing})`;

const identity = {
  apiVersion: "aadpodidentity.k8s.io/v1",
  kind: "AzureIdentity",
  metadata: { name: "mine", namespace: "pods" },
  spec: {
    type: 0,
    clientID: "client",
    resourceID: "/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mine",
  },
};
const lock = { name: "aad-pod-identity-mic", namespace: "default" };
const keptByMic = [
  { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: lock, spec: { holderIdentity: "" } },
  { apiVersion: "v1", kind: "Endpoints", metadata: lock },
  { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "aad-pod-identity-config", namespace: "pods" } },
];
const ours = "app.kubernetes.io/name=aad-pod-identity";

// One release through its life, so the tests follow each other.
describe.skipIf(missing !== undefined)(`the release of a user of the original${reason}`, () => {
  let cluster: ChartCluster;
  let uid: string | undefined;
  const daemonSet = () => cluster.get("daemonset", "aad-pod-identity-nmi", "--namespace=pods");
  const mine = async () => (await cluster.get("azureidentity", "mine", "--namespace=pods")).metadata.uid;
  const declares = async (field: string) => {
    const { spec } = await cluster.get("crd", "azureidentities.aadpodidentity.k8s.io");
    return field in spec.versions[0].schema.openAPIV3Schema.properties.spec.properties;
  };

  beforeAll(async () => {
    cluster = await ChartCluster.start();
    const crds = await originalCrds();
    await cluster.apply(...crds);
    await cluster.kubectl("wait", "--for=condition=Established", "crd", ...crds.map(({ metadata }) => metadata.name));
    await using original = await originalChart();
    expect(await cluster.helmOf(original.folder, "install", "aad", "pods")).toMatchObject({ code: 0 });
    await cluster.apply(identity);
    uid = await mine();
  });
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
  });

  it("is not upgraded to the original's own images, which --reuse-values brings along", async () => {
    const { code, stderr } = await cluster.helm("upgrade", {}, "--reuse-values");
    expect([code, stderr]).toEqual([1, expect.stringContaining("--reset-then-reuse-values")]);
    expect(containerOf(await daemonSet()).image).toContain("v1.8.17");
    expect(cluster.hooks).toEqual([]);
    const own = "image.repository=ghcr.io/aad-pod-identity,mic.tag=,nmi.tag=";
    const { code: renders } = await cluster.helm("upgrade", {}, "--reuse-values", "--dry-run=server", "--set", own);
    expect(renders).toBe(0);
  });

  it("is upgraded with its own values, is told what differs, and has the CRDs of this version", async () => {
    expect(await declares("ResourceID")).toBe(false);
    const { code, stdout, stderr } = await cluster.helm("upgrade", {}, "--reset-then-reuse-values");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("What differs from aad-pod-identity 1.8.17");
    expect(stdout).toContain("All differences, with what to do about each: docs/upgrade.md.");
    expect(await declares("ResourceID")).toBe(true);
    expect(await mine()).toBe(uid);
    expect(cluster.hooks).toMatchObject([{ name: "aad-pod-identity-crds", code: 0 }]);
  });

  it("surges in that upgrade as in the next, of which the notes say less", async () => {
    const strategy = async () => (await daemonSet()).spec.updateStrategy.rollingUpdate;
    expect(await strategy()).toEqual({ maxSurge: 1, maxUnavailable: 0 });
    const { stdout } = await cluster.helm("upgrade");
    expect(stdout).not.toContain("system-cluster-critical");
    expect(await strategy()).toEqual({ maxSurge: 1, maxUnavailable: 0 });
  });

  it("takes the mark of an uninstall that failed back, or NMI would leave its node open when it stops", async () => {
    await cluster.kubectl(
      "annotate",
      "daemonset",
      "aad-pod-identity-nmi",
      "--namespace=pods",
      "--overwrite",
      `${UNINSTALL_ANNOTATION}=true`,
    );
    expect(await cluster.helm("upgrade")).toMatchObject({ code: 0 });
    expect((await daemonSet()).metadata.annotations).toMatchObject({ [UNINSTALL_ANNOTATION]: "false" });
  });

  it("is the only one: a second release is refused by the name of the first", async () => {
    const values = { nameOverride: "other" };
    const { code, stderr } = await cluster.helmOf(CHART, "install", "other", "default", values);
    expect([code, stderr]).toEqual([1, expect.stringContaining("release aad in namespace pods runs aad-pod-identity")]);
  });

  it("is not installed beside an NMI of the manifests", async () => {
    const labels = { component: "nmi", "k8s-app": "aad-pod-id" };
    const template = { metadata: { labels }, spec: { containers: [{ name: "nmi", image: "nmi" }] } };
    const metadata = { name: "nmi", namespace: "default", labels };
    const spec = { selector: { matchLabels: labels }, template };
    await cluster.apply({ apiVersion: "apps/v1", kind: "DaemonSet", metadata, spec });
    const { code, stderr } = await cluster.helm("upgrade");
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /DaemonSet nmi in namespace default, of the manifests.* policies of admission-policies\.yaml/,
      ),
    ]);
    await cluster.kubectl("delete", "daemonset", "nmi", "--namespace=default");
  });

  it("goes back to the original with identities and CRDs as they are", async () => {
    expect(await cluster.helmDoes("rollback", "aad", "1")).toMatchObject({ code: 0 });
    expect(containerOf(await daemonSet()).image).toContain("v1.8.17");
    expect([await mine(), await declares("ResourceID")]).toEqual([uid, true]);
  });

  it("is uninstalled when NMI has been told, and leaves identities, CRDs and nothing else", async () => {
    expect(await cluster.helm("upgrade")).toMatchObject({ code: 0 });
    const keep = (finalizers: readonly string[] | null) =>
      cluster.kubectl(
        "patch",
        "daemonset",
        "aad-pod-identity-nmi",
        "--namespace=pods",
        "--type=merge",
        `--patch=${JSON.stringify({ metadata: { finalizers } })}`,
      );
    await keep(["example.com/look-first"]);
    await cluster.apply(...keptByMic);
    const { code, stderr } = await cluster.helmDoes("uninstall", "aad");
    expect([code, stderr]).toEqual([0, ""]);
    const { annotations, deletionTimestamp } = (await daemonSet()).metadata;
    expect([annotations?.[UNINSTALL_ANNOTATION], typeof deletionTimestamp]).toEqual(["true", "string"]);
    await keep(null);
    expect(cluster.hooks.slice(-2)).toEqual([
      { name: "aad-pod-identity-uninstall", code: 0, output: "DaemonSet pods/aad-pod-identity-nmi is marked\n" },
      {
        name: "aad-pod-identity-lock",
        code: 0,
        output: "lock default/aad-pod-identity-mic and ConfigMap pods/aad-pod-identity-config are gone\n",
      },
    ]);
    for (const { kind, metadata } of keptByMic) {
      const args = ["get", kind, metadata.name, `--namespace=${metadata.namespace}`, "--ignore-not-found"];
      expect(await cluster.kubectl(...args)).toBe("");
    }
    expect([await mine(), await declares("ResourceID")]).toEqual([uid, true]);
    const kinds = [
      "daemonsets,deployments,jobs,configmaps,secrets,serviceaccounts,roles,rolebindings,clusterroles,clusterrolebindings",
      "validatingadmissionpolicies,validatingadmissionpolicybindings,azurepodidentityexceptions",
    ];
    expect(await cluster.kubectl("get", kinds.join(), "--all-namespaces", `--selector=${ours}`, "--output=name")).toBe(
      "",
    );
  });

  it("says what to do next, in either mode", async () => {
    const notes = async (values: Values) =>
      (await cluster.helm("install", values, "--dry-run=server")).stdout.split("NOTES:")[1];
    const standard = await notes({ rbac: { pspEnabled: true } });
    expect(standard).toContain("kubectl rollout status deployment/aad-pod-identity-mic -n pods");
    expect(standard).toContain('"Managed Identity Operator" on the identity');
    expect(standard).toContain('"Virtual Machine Contributor" on the resource group of the nodes');
    expect(standard).toContain("kubectl describe pod <pod> says why");
    expect(standard).toContain("docs/upgrade.md");
    expect(standard).toContain("forceNamespaced=true keeps identities in their namespace");
    expect(standard).toContain("rbac.pspEnabled has no effect");
    const managed = await notes({ operationMode: "managed" });
    expect(managed).toContain("az vm identity assign, az vmss identity assign");
    expect(managed).toContain("so does NMI's log on its node");
    // NMI writes no events.
    expect(managed).not.toMatch(/-mic|Managed Identity Operator|forceNamespaced|kubectl describe/);
  });

  it("can be installed anew, and a hook that may not change CRDs stops it with a sentence", async () => {
    expect(await cluster.helm("install")).toMatchObject({ code: 0, stderr: "" });
    expect(await mine()).toBe(uid);
    await cluster.kubectl("delete", "daemonset", "aad-pod-identity-nmi", "--namespace=pods");
    expect(await cluster.helmDoes("uninstall", "aad")).toMatchObject({ code: 0 });
    expect(cluster.hooks.at(-2)?.output).toContain("there is no DaemonSet pods/aad-pod-identity-nmi");
    await cluster.kubectl("create", "serviceaccount", "default", "--namespace=pods");
    const { code, stderr } = await cluster.helm("install", { rbac: { enabled: false } });
    expect([code, stderr]).toEqual([1, expect.stringContaining("failed pre-install")]);
    expect(cluster.hooks.at(-1)).toMatchObject({
      code: 1,
      output: expect.stringMatching(/403 .*crds\.upgrade=false/s),
    });
  });
});

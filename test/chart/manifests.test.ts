import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { manifests } from "../../tools/manifests/files.ts";
import { containerOf, helmMissing, podOf, type Rendered, readObjects, the } from "../support/chart/helm.ts";
import { grantsOf, grantText, type Manifest, readManifests } from "../support/kube/rbac.ts";

const missing = helmMissing();
const root = join(import.meta.dirname, "../..");
const files = missing === undefined ? manifests() : {};
const names = (file: string) => objects(file).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
const objects = (file: string) => readObjects(files[`deploy/${file}`] ?? "");

const crds = ["azureidentities", "azureidentitybindings", "azureassignedidentities", "azurepodidentityexceptions"].map(
  (plural) => `CustomResourceDefinition ${plural}.aadpodidentity.k8s.io`,
);
const rbac = (component: string) => [
  `ServiceAccount aad-pod-id-${component}-service-account`,
  `ClusterRole aad-pod-id-${component}-role`,
  `ClusterRoleBinding aad-pod-id-${component}-binding`,
  `Role aad-pod-id-${component}-role`,
  `RoleBinding aad-pod-id-${component}-binding`,
];

const exceptions = ["AzurePodIdentityException aks-addon-exception", "AzurePodIdentityException mic-exception"];

describe.skipIf(missing !== undefined)(`the manifests${missing ? ` (skipped: ${missing})` : ""}`, () => {
  it("are what the chart gives now; node tools/manifests.ts writes them anew", () => {
    const stale = Object.entries(files).filter(([file, text]) => readFileSync(join(root, file), "utf8") !== text);
    expect(stale.map(([file]) => file)).toEqual([]);
  });

  it.each([
    ["infra/deployment-rbac.yaml", [...crds, ...rbac("nmi"), "DaemonSet nmi", ...rbac("mic"), "Deployment mic"]],
    ["infra/deployment.yaml", [...crds, "DaemonSet nmi", "Deployment mic"]],
    [
      "infra/managed-mode-deployment.yaml",
      [...crds.filter((name) => !name.includes("assigned")), exceptions[0], ...rbac("nmi"), "DaemonSet nmi"],
    ],
    [
      "infra/kube-system/deployment-rbac.yaml",
      [...crds, exceptions[0], ...rbac("nmi"), "DaemonSet nmi", exceptions[1], ...rbac("mic"), "Deployment mic"],
    ],
    [
      "infra/noazurejson/deployment-rbac.yaml",
      [
        ...crds,
        "Secret aadpodidentity-admin-secret",
        ...rbac("nmi"),
        "DaemonSet nmi",
        ...rbac("mic"),
        "Deployment mic",
      ],
    ],
    [
      "infra/noazurejson/deployment.yaml",
      [...crds, "Secret aadpodidentity-admin-secret", "DaemonSet nmi", "Deployment mic"],
    ],
    ["infra/mic-exception.yaml", exceptions],
    ["demo/aadpodidentity.yaml", ["AzureIdentity demo-aad1"]],
    ["demo/aadpodidentity-sp.yaml", ["Secret demo-aad1-sp", "AzureIdentity demo-aad1"]],
    ["demo/aadpodidentity-sp-cert.yaml", ["Secret demo-aad1-sp", "AzureIdentity demo-aad1"]],
    ["demo/aadpodidentitybinding.yaml", ["AzureIdentityBinding demo-azure-id-binding"]],
    ["demo/deployment.yaml", ["Deployment demo"]],
  ])("have in %s the original's objects, with the roles that ours need", (file, expected) => {
    expect(names(file)).toEqual(expected);
  });

  it.each([
    ["infra/deployment-rbac.yaml", { component: "mic", app: "mic" }],
    ["infra/deployment.yaml", { component: "mic" }],
    ["infra/noazurejson/deployment-rbac.yaml", { component: "mic" }],
    ["infra/noazurejson/deployment.yaml", { component: "mic" }],
  ])("select in %s what the original does, which cannot be changed", (file, selector) => {
    const [mic, nmi] = [the(objects(file), "Deployment"), the(objects(file), "DaemonSet")];
    expect(mic.spec.selector.matchLabels).toEqual(selector);
    expect(mic.spec.template.metadata.labels).toEqual({ component: "mic", app: "mic" });
    expect(nmi.spec.selector.matchLabels).toEqual({ component: "nmi", tier: "node" });
    for (const { metadata } of [mic, nmi]) expect(metadata.labels).toMatchObject({ "k8s-app": "aad-pod-id" });
    expect(nmi.spec.updateStrategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
  });

  it("grant what is proved, to the accounts that the pods run as", async () => {
    const file = "infra/deployment-rbac.yaml";
    for (const component of ["mic", "nmi"]) {
      const isOf = ({ metadata }: Rendered) => metadata.name === `aad-pod-id-${component}-role`;
      const granted = grantsOf(objects(file).filter(isOf) as readonly Manifest[]).map(grantText);
      const proved = grantsOf(await readManifests(join(root, `deploy/infra/${component}-rbac.yaml`))).map(grantText);
      expect(granted.toSorted()).toEqual(proved.toSorted());
      const binding = the(objects(file), "RoleBinding", `aad-pod-id-${component}-binding`);
      const account = { kind: "ServiceAccount", name: `aad-pod-id-${component}-service-account`, namespace: "default" };
      expect([binding.roleRef.name, binding.subjects]).toEqual([`aad-pod-id-${component}-role`, [account]]);
      const workload = the(objects(file), component === "mic" ? "Deployment" : "DaemonSet");
      expect(podOf(workload).serviceAccountName).toBe(account.name);
    }
    const { args } = containerOf(the(objects(file), "DaemonSet"));
    expect(args).toContain("--daemonset=default/nmi");
    expect(args).toContain("--mic-service-account=default/aad-pod-id-mic-service-account");
  });

  it.each(["managed-mode-deployment.yaml", "kube-system/deployment-rbac.yaml", "kube-system/admission-policies.yaml"])(
    "are in %s of kube-system alone, and let its add-ons past NMI",
    (name) => {
      const file = objects(`infra/${name}`);
      expect(file.length).toBeGreaterThan(3);
      expect(JSON.stringify(file).match(/"default"|(?<!\/etc\/)default[:/]/)).toBeNull();
      const namespaces = file.map(({ metadata }) => metadata.namespace ?? "kube-system");
      expect(new Set(namespaces)).toEqual(new Set(["kube-system"]));
      if (name.includes("admission")) return;
      expect(the(file, "AzurePodIdentityException", "aks-addon-exception").spec.podLabels).toEqual({
        "kubernetes.azure.com/managedby": "aks",
      });
    },
  );

  it("let in kube-system the same MIC write records that holds the lock there", () => {
    const account = "system:serviceaccount:kube-system:aad-pod-id-mic-service-account";
    expect(files["deploy/infra/kube-system/admission-policies.yaml"]).toContain(
      `request.userInfo.username == '${account}'`,
    );
    const file = objects("infra/kube-system/deployment-rbac.yaml");
    expect(containerOf(the(file, "Deployment")).args).toContain("--leader-election-namespace=kube-system");
    const resources = the(file, "Role", "aad-pod-id-mic-role").rules.flatMap((rule) => rule.resources);
    expect(resources).toEqual(expect.arrayContaining(["leases", "endpoints", "configmaps"]));
  });

  it("run MIC as its node where there is no RBAC, and by a Secret where there is no azure.json", () => {
    const plain = the(objects("infra/deployment.yaml"), "Deployment");
    expect(containerOf(plain).args).toContain("--kubeconfig=/var/lib/kubelet/kubeconfig");
    expect(podOf(plain).serviceAccountName).toBeUndefined();
    const paths = podOf(plain).volumes.map(({ hostPath }) => hostPath.path);
    expect(paths).toEqual(["/etc/kubernetes/azure.json", "/var/lib/kubelet", "/etc/kubernetes/certs"]);
    const file = objects("infra/noazurejson/deployment-rbac.yaml");
    expect(the(file, "Secret").stringData).toMatchObject({ TenantID: "<TenantID>" });
    const { args, env } = containerOf(the(file, "Deployment"));
    expect(args).toEqual(["--logtostderr"]);
    expect(JSON.stringify(env)).toContain('{"name":"aadpodidentity-admin-secret","key":"TenantID"}');
  });

  it("say nothing of Helm", () => {
    for (const [file, text] of Object.entries(files))
      expect(`${file} ${/helm\.sh|managed-by/i.test(text)}`).toBe(`${file} false`);
  });
});

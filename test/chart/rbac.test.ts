import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { helmMissing, isHook, type Rendered, render, the } from "../support/chart/helm.ts";
import { grantsOf, grantText, type Manifest, readManifests } from "../support/kube/rbac.ts";

const missing = helmMissing();
const INFRA = join(import.meta.dirname, "../../deploy/infra");

/** What an account of the chart may do, as people read it. */
function grants(objects: readonly Rendered[], name: string): readonly string[] {
  const roles = objects.filter((one) => one.metadata.name === name && one.kind.endsWith("Role") && !isHook(one));
  return grantsOf(roles as readonly Manifest[])
    .map(grantText)
    .toSorted();
}
const proved = async (file: string) => grantsOf(await readManifests(join(INFRA, file))).map(grantText);

describe.skipIf(missing !== undefined)(`the chart's permissions${missing ? ` (skipped: ${missing})` : ""}`, () => {
  it("of MIC are those that are proved, wherever its locks and its ConfigMap are", async () => {
    const here = grants(await render({ mic: { leaderElection: { namespace: "pods" } } }), "aad-pod-identity-mic");
    const expected = (await proved("mic-rbac.yaml")).map((grant) => grant.replace("in default", "in pods"));
    expect(here).toEqual(expected.toSorted());
    const apart = grants(await render({ mic: { leaderElection: { name: "lock" } } }), "aad-pod-identity-mic");
    expect(apart.filter((grant) => grant.includes(" in "))).toEqual([
      "create configmaps in pods",
      "create endpoints in default",
      "create leases.coordination.k8s.io in default",
      "get configmaps called aad-pod-identity-config in pods",
      "get endpoints called lock in default",
      "get leases.coordination.k8s.io called lock in default",
      "update configmaps called aad-pod-identity-config in pods",
      "update endpoints called lock in default",
      "update leases.coordination.k8s.io called lock in default",
      "watch endpoints called lock in default",
      "watch leases.coordination.k8s.io called lock in default",
    ]);
  });

  it("of MIC shrink with what it does not do", async () => {
    const objects = await render({ mic: { legacyLock: "false", enableTypeUpgrade: "false" } });
    expect(grants(objects, "aad-pod-identity-mic").join()).not.toMatch(/endpoints|configmaps/);
  });

  it("of NMI are those that are proved", async () => {
    const expected = (await proved("nmi-rbac.yaml")).map((grant) =>
      grant.replace("called nmi in default", "called aad-pod-identity-nmi in pods"),
    );
    expect(grants(await render(), "aad-pod-identity-nmi")).toEqual(expected.toSorted());
  });

  it("of NMI shrink without secrets and in managed mode", async () => {
    const objects = await render({ operationMode: "managed", rbac: { allowAccessToSecrets: "false" } });
    expect(grants(objects, "aad-pod-identity-nmi").join()).not.toMatch(/secrets|azureassignedidentities/);
  });

  it("are bound to accounts that the pods run as, and are not made where RBAC is not wanted", async () => {
    const objects = await render();
    for (const { roleRef, subjects, metadata } of objects.filter(
      ({ kind }) => kind.endsWith("Binding") && !!kind.match(/Role/),
    ))
      expect([roleRef.name, subjects]).toEqual([
        metadata.name,
        [{ kind: "ServiceAccount", name: metadata.name, namespace: "pods" }],
      ]);
    const account = (all: readonly Rendered[], kind: string) => the(all, kind).spec.template.spec.serviceAccountName;
    expect([account(objects, "Deployment"), account(objects, "DaemonSet")]).toEqual([
      "aad-pod-identity-mic",
      "aad-pod-identity-nmi",
    ]);
    const without = await render({ rbac: { enabled: "false", createUserFacingClusterRoles: true } });
    expect(without.filter(({ kind }) => /Role|Account/.test(kind))).toEqual([]);
    expect(account(without, "Deployment")).toBe("default");
    expect(JSON.stringify(the(without, "DaemonSet"))).not.toContain("mic-service-account");
  });

  it("of viewers and editors cover what is theirs, and records are for viewing alone", async () => {
    const wanted = { rbac: { createUserFacingClusterRoles: true } };
    const objects = await render(wanted);
    const view = the(objects, "ClusterRole", "aad-aad-pod-identity-view");
    const edit = the(objects, "ClusterRole", "aad-aad-pod-identity-edit");
    expect(view.rules[0].verbs).toEqual(["get", "list", "watch"]);
    expect(view.rules[0].resources).toContain("azureassignedidentities");
    expect(view.metadata.labels).toMatchObject({ "rbac.authorization.k8s.io/aggregate-to-view": "true" });
    expect(edit.rules).toEqual([
      {
        apiGroups: ["aadpodidentity.k8s.io"],
        resources: ["azureidentitybindings", "azureidentities", "azurepodidentityexceptions"],
        verbs: ["create", "delete", "deletecollection", "patch", "update"],
      },
    ]);
    const managed = the(await render({ operationMode: "managed", ...wanted }), "ClusterRole", view.metadata.name);
    expect(managed.rules[0].resources).not.toContain("azureassignedidentities");
  });
});

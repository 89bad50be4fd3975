import { join } from "node:path";
import { afterAll, beforeAll, describe, it, vi } from "vitest";
import { type ControlPlane, missing, startControlPlane } from "../support/kube/control-plane.ts";
import { type Step, TwoServers } from "./kubectl-under-test.ts";

vi.setConfig({ testTimeout: 120_000 }); // many programs, one after the other

const reason = missing();
const file = (name: string) => `--namespace=default --filename=${join(import.meta.dirname, "../../deploy", name)}`;
const ours = (line: string) => line.includes("aadpodidentity") || line.startsWith("NAME");

const identity = (spec: object) => ({
  ...{ apiVersion: "aadpodidentity.k8s.io/v1", kind: "AzureIdentity", metadata: { name: "reader" } },
  spec,
});
const resourceID =
  "/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/reader";
const spec = { type: 0, resourceID, clientID: "c" };
const merge = (body: object) => ["patch", "azureidentity", "reader", "--type=merge", `--patch=${JSON.stringify(body)}`];

const birds = {
  ...{ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" },
  metadata: { name: "birds.example.com" },
  spec: {
    group: "example.com",
    names: { kind: "Bird", plural: "birds", singular: "bird", shortNames: ["bd"], categories: ["all", "animals"] },
    scope: "Cluster",
    versions: [
      {
        ...{ name: "v1", served: true, storage: true, subresources: { status: {} } },
        additionalPrinterColumns: [
          { name: "Colour", type: "string", jsonPath: ".spec.colour", description: "what it looks like" },
          { name: "Wings", type: "integer", jsonPath: ".spec.wings" },
          { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status', priority: 1 },
          { name: "Seen", type: "date", jsonPath: ".spec.seen" },
          { name: "Sings", type: "boolean", jsonPath: ".spec.sings" },
          { name: "All", type: "string", jsonPath: ".spec", priority: 1 },
        ],
        schema: {
          openAPIV3Schema: {
            ...{ description: "A bird.", type: "object", "x-kubernetes-preserve-unknown-fields": true },
            properties: {
              spec: { type: "object", description: "What is told.", "x-kubernetes-preserve-unknown-fields": true },
            },
          },
        },
      },
    ],
  },
};
const bird = (name: string, body: object) => ({
  apiVersion: "example.com/v1",
  kind: "Bird",
  metadata: { name },
  ...body,
});

/** With a control plane of its own, since definitions are for all who use one. */
describe.skipIf(reason !== undefined)(`kubectl${reason ? ` (skipped: ${reason})` : ""}`, { concurrent: true }, () => {
  let plane: ControlPlane;
  let on: TwoServers;
  beforeAll(async () => {
    plane = await startControlPlane();
    on = await TwoServers.start(plane);
  });
  afterAll(async () => {
    await on?.[Symbol.asyncDispose]();
    await plane?.[Symbol.asyncDispose]();
  });

  it("installs what the project ships, twice, shows it, and takes it away", () =>
    on.same(
      `apply ${file("infra/deployment-rbac.yaml")}`,
      `apply ${file("infra/deployment-rbac.yaml")}`,
      `apply ${file("demo/deployment.yaml")}`,
      `apply ${file("infra/admission-policies.yaml")}`,
      "get --namespace=default deployments,daemonsets,serviceaccounts,azurepodidentityexceptions --output=wide",
      "get deployment mic --namespace=default --output=yaml",
      "get validatingadmissionpolicies,validatingadmissionpolicybindings",
      "wait --for=condition=Established crd/azureidentities.aadpodidentity.k8s.io --timeout=5s",
      { run: "api-resources --verbs=list --output=wide --sort-by=name", only: ours },
      "describe --namespace=default daemonset nmi",
      "describe clusterrole aad-pod-id-mic-role",
      "get crd azureidentities.aadpodidentity.k8s.io --output=jsonpath={.status.acceptedNames}{.status.storedVersions}",
      "explain azureidentity",
      "explain azureidentity.spec.resourceID",
      "explain azureassignedidentities --recursive",
      { run: "create --filename=-", input: [identity(spec)] },
      "get azureidentities,azureidentitybindings",
      "get azureidentity reader --output=yaml",
      "describe azureidentity reader",
      "label azureidentity reader a=b",
      { run: merge({ spec: { clientID: "d" } }) },
      {
        run: "apply --filename=-",
        input: [identity({ ...spec, type: 1 })],
        only: (line) => !line.startsWith("Warning"),
      },
      { run: ["patch", "azureidentity", "reader", "--patch={}"], code: 1 },
      "delete azureidentities --all",
      `delete ${file("infra/admission-policies.yaml")}`,
      `delete ${file("demo/deployment.yaml")}`,
      `delete ${file("infra/deployment-rbac.yaml")} --ignore-not-found`,
    ));

  it("shows custom resources as their definition says", () =>
    on.same(
      { run: "create --filename=-", input: [birds] },
      "wait --for=condition=Established crd/birds.example.com --timeout=5s",
      {
        run: "apply --filename=-",
        input: [
          bird("jay", {
            spec: { colour: "blue", wings: 2, seen: "2026-01-01T00:00:00Z", sings: true, list: [1, "a"] },
          }),
          bird("owl", { spec: { wings: "two", seen: "once" } }),
        ],
      },
      { run: ["patch", "bird", "jay", "--subresource=status", "--type=merge", `--patch=${ready}`] },
      "get birds",
      "get bd --output=wide",
      "get animals --no-headers",
      "explain bird.spec",
      { run: "api-resources --api-group=example.com --output=wide" },
      "delete crd birds.example.com",
      { run: "get birds", code: 1 },
    ));

  it("finds every kind by the names that a real server gives it", () =>
    on.same(
      ...["", "apps", "batch", "policy", "rbac.authorization.k8s.io", "apiextensions.k8s.io"].map(kindsOf),
      "get po,svc,cm,ep,sa,deploy,ds,rs,sts,cj,pdb --output=name",
      "get ns/default crd/none --ignore-not-found --output=name",
      { run: "explain deployment.spec.strategy", only: (line) => /^(GROUP|KIND|VERSION|FIELD)/.test(line) },
      { run: "explain pods.spec.containers.resources --recursive", only: (line) => /^ +\w+\t</.test(line) },
      { run: "explain pods.nothing", code: 1 },
      ...["/healthz", "/livez", "/readyz"].map((path): Step => `get --raw=${path}`),
      { run: "version --output=yaml", only: (line) => /major|minor|platform/.test(line) },
      { run: "get --raw=/nothing", code: 1 },
      { run: "get --raw=/apis/nothing.example.com/v1", code: 1 },
    ));
});

const ready = JSON.stringify({ status: { conditions: [{ type: "Ready", status: "True" }] } });

/** The kinds of a group that a cluster of the sandbox has. */
function kindsOf(group: string): Step {
  const absent = /^(bindings|componentstatuses|persistentvolume|podtemplates|replicationcontrollers)/;
  return { run: `api-resources --api-group=${group} --output=wide`, only: (line) => !absent.test(line) };
}

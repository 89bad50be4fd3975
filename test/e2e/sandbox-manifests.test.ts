import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { createLog } from "../../src/base/log.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/compose.ts";
import { mustBeBuilt } from "../support/built.ts";
import { ask, type RawApi } from "../support/kube/same-api.ts";
import { namespacesMissing } from "../support/namespaces.ts";
import { eventually } from "../support/time/eventually.ts";

const root = join(import.meta.dirname, "../..");
const PROGRAMS = ["mic", "nmi", "demo"];

/** Where objects of the manifests are made. */
const PLACES: Readonly<Record<string, string>> = {
  CustomResourceDefinition: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
  ClusterRole: "/apis/rbac.authorization.k8s.io/v1/clusterroles",
  ClusterRoleBinding: "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
  Role: "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles",
  RoleBinding: "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings",
  ServiceAccount: "/api/v1/namespaces/default/serviceaccounts",
  Deployment: "/apis/apps/v1/namespaces/default/deployments",
  DaemonSet: "/apis/apps/v1/namespaces/default/daemonsets",
  AzureIdentity: "/apis/aadpodidentity.k8s.io/v1/namespaces/default/azureidentities",
  AzureIdentityBinding: "/apis/aadpodidentity.k8s.io/v1/namespaces/default/azureidentitybindings",
};

let stack: AsyncDisposableStack;
afterEach(() => stack.disposeAsync());

async function start(network: "forwarders" | "namespaces"): Promise<{ sandbox: Sandbox; api: RawApi }> {
  stack = new AsyncDisposableStack();
  const programs = new Map(PROGRAMS.map((name) => [name, { file: join(root, "bin", name) }]));
  for (const { file } of programs.values()) mustBeBuilt(file);
  const sandbox = stack.use(await startSandbox({ programs, network, log: createLog({ write: () => {} }) }));
  const { clusters, users } = JSON.parse(await readFile(sandbox.kubeconfig, "utf8"));
  const ca = Buffer.from(clusters[0].cluster["certificate-authority-data"], "base64").toString();
  return { sandbox, api: { url: clusters[0].cluster.server, ca, token: users[0].user.token } };
}

/** Makes what a shipped file holds, as it is but for the words that people are to replace. */
async function apply(api: RawApi, file: string, words: Readonly<Record<string, string>> = {}): Promise<void> {
  const yaml = await readFile(join(root, "deploy", file), "utf8");
  const text = Object.entries(words).reduce((now, [word, value]) => now.replaceAll(word, value), yaml);
  for (const document of parseAllDocuments(text)) {
    const body = document.toJS();
    const { code, body: answer } = await ask(api, { path: PLACES[body.kind] ?? `no place for ${body.kind}`, body });
    expect([code, answer]).toEqual([201, expect.anything()]);
  }
}

async function statusOf(api: RawApi, kind: string, name: string) {
  const { body } = await ask(api, { path: `${PLACES[kind]}/${name}` });
  return (body as { readonly status: Readonly<Record<string, unknown>> }).status;
}

const missing = namespacesMissing();

describe.for(["forwarders", "namespaces"] as const)("a sandbox with %s", (network) => {
  it.skipIf(network === "namespaces" && missing !== undefined)("runs the shipped manifests as they are", async () => {
    const { sandbox, api } = await start(network);
    await apply(api, "infra/deployment-rbac.yaml");
    await eventually(() => statusOf(api, "Deployment", "mic")).toMatchObject({ availableReplicas: 2 });
    await eventually(() => statusOf(api, "DaemonSet", "nmi")).toMatchObject({ numberAvailable: 2 });

    const { id, clientId } = await sandbox.azure.createIdentity("demo");
    const { subscription, resourceGroup } = sandbox.azure;
    const words = {
      RESOURCE_ID: id,
      CLIENT_ID: clientId,
      SUBSCRIPTION_ID: subscription,
      RESOURCE_GROUP: resourceGroup,
    };
    for (const name of ["aadpodidentity", "aadpodidentitybinding", "deployment"]) {
      await apply(api, `demo/${name}.yaml`, words);
    }
    const pods = "/api/v1/namespaces/default/pods?labelSelector=app%3Ddemo";
    const demo = async () => {
      const { items } = (await ask(api, { path: pods })).body as { items: { metadata: { name: string } }[] };
      return items[0]?.metadata.name ?? "";
    };
    await eventually(demo).not.toBe("");
    await eventually(async () =>
      readFile(sandbox.logOf("default", await demo()) ?? "", "utf8").catch(() => ""),
    ).toContain(`using a user-assigned identity (${clientId})`);
  });
});

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { checkIdentityResourceId } from "../../src/api/resource-id.ts";
import { ChartCluster, clusterMissing, documents } from "../support/chart/chart-cluster.ts";
import { CHART, render } from "../support/chart/helm.ts";

const missing = clusterMissing();
const reason = missing === undefined ? "" : ` (skipped: ${missing})`;

const API = "aadpodidentity.k8s.io/v1";
const GOOD = "/subscriptions/s-1/resourcegroups/g.1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web";
/** kubectl reads what it patches, which MIC may not. */
const MIC = ["--as=system:serviceaccount:pods:aad-pod-identity-mic", "--as-group=system:masters"];
let count = 0;

function identity(spec: object, name = `identity-${++count}`) {
  return { apiVersion: API, kind: "AzureIdentity", metadata: { name, namespace: "pods" }, spec };
}
function record(name: string) {
  const reference = (kind: string) => ({ apiVersion: API, kind, metadata: { name: "web" } });
  const spec = {
    azureIdentityRef: reference("AzureIdentity"),
    azureBindingRef: reference("AzureIdentityBinding"),
    pod: "pod",
    nodename: "node",
  };
  const metadata = { name, namespace: "default", finalizers: ["example.com/finalizer"] };
  return { apiVersion: API, kind: "AzureAssignedIdentity", metadata, spec, status: { status: "Created" } };
}
const isFine = (id: string) => {
  try {
    checkIdentityResourceId(id);
    return true;
  } catch {
    return false;
  }
};

describe.skipIf(missing !== undefined)(`the chart's admission policies${reason}`, () => {
  let cluster: ChartCluster;
  const create = async (object: object, ...flags: readonly string[]) => {
    const { stderr } = await cluster.tryKubectl(documents([object]), "create", "--filename=-", ...flags);
    return stderr;
  };
  const patch = async (kind: string, name: string, body: object, ...flags: readonly string[]) => {
    const args = ["patch", kind, name, "--type=merge", `--patch=${JSON.stringify(body)}`, ...flags];
    return (await cluster.tryKubectl("", ...args)).stderr;
  };

  beforeAll(async () => {
    cluster = await ChartCluster.start();
    await cluster.kubectl("create", `--filename=${CHART}/crds/crd.yaml`);
    await cluster.kubectl("wait", "--for=condition=Established", "crd", "azureidentities.aadpodidentity.k8s.io");
    await cluster.kubectl(
      "wait",
      "--for=condition=Established",
      "crd",
      "azureassignedidentities.aadpodidentity.k8s.io",
    );
    await cluster.apply(identity({ resourceID: "old and wrong" }, "old"));
    await cluster.apply(...(await render()).filter(({ kind }) => kind.startsWith("ValidatingAdmission")));
    // They count once the API server has read them.
    const probes = [identity({ type: 9 }, "probe"), record("probe")];
    for (const probe of probes)
      await vi.waitFor(async () => expect(await create(probe, "--dry-run=server")).toContain("denied"), 30_000);
  });
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
  });

  it("let MIC write records, and nobody else, who may still delete them and take finalizers off", async () => {
    expect(await create(record("web"), ...MIC)).toBe("");
    expect(await patch("azureassignedidentity", "web", { status: { status: "Assigned" } }, ...MIC)).toBe("");
    const words =
      "AzureAssignedIdentities are MIC's records, which only its service account pods/aad-pod-identity-mic writes";
    expect(await create(record("forged"))).toContain(words);
    expect(await patch("azureassignedidentity", "web", { spec: { pod: "other" } })).toContain(words);
    expect(await patch("azureassignedidentity", "web", { status: { status: "Created" } })).toContain(words);
    expect(await patch("azureassignedidentity", "web", { status: null })).toContain(words);
    expect(await patch("azureassignedidentity", "web", { metadata: { finalizers: null } })).toBe("");
    expect(await cluster.kubectl("delete", "azureassignedidentity", "web")).toContain("deleted");
  });

  it("refuse a type that nobody knows, with those that there are", async () => {
    expect(await create(identity({ type: 3, clientID: "c" }))).toContain(
      "unknown type 3: set spec.type to 0 (user-assigned identity), 1 (service principal with client secret), 2 (service principal with certificate)",
    );
    expect(await create(identity({ type: 2, clientID: "c" }))).toBe("");
  });

  it.each([
    GOOD,
    GOOD.toUpperCase(),
    GOOD.replace("g.1", "größe_(1)"),
    GOOD.replace("g.1", "g."),
    `${GOOD}/`,
    ` ${GOOD}`,
    GOOD.slice(1),
    GOOD.replace("web", "-web"),
    GOOD.replace("web", "w".repeat(129)),
    GOOD.replace("Microsoft.ManagedIdentity", "MicrosoftXManagedIdentity"),
    GOOD.replace("userAssignedIdentities", "virtualMachines"),
    "",
  ])("judge the resource ID %j as MIC does", async (resourceID) => {
    const said = await create(identity({ resourceID, clientID: "c" }));
    expect(
      said === "" ? true : said.includes(`invalid resource id: "${resourceID}", must match /subscriptions/`) && "no",
    ).toBe(isFine(resourceID) || "no");
  });

  it("read the spellings of releases before 1.6", async () => {
    expect(await create(identity({ ResourceID: GOOD }))).toBe("");
    expect(await create(identity({ resourceid: "wrong" }))).toContain('invalid resource id: "wrong"');
    expect(await create(identity({}))).toContain('invalid resource id: ""');
  });

  it("leave what was there before them alone until its spec changes, and MIC may change that, which spells it anew", async () => {
    expect(await patch("azureidentity", "old", { spec: { clientID: "m" } }, "--namespace=pods", ...MIC)).toBe("");
    expect(await patch("azureidentity", "old", { metadata: { labels: { a: "b" } } }, "--namespace=pods")).toBe("");
    expect(await patch("azureidentity", "old", { spec: { clientID: "c" } }, "--namespace=pods")).toContain("invalid");
  });
});

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { urls } from "./support/azure-facts.ts";
import { patiently } from "./support/patience.ts";
import { type Identity, newPlace, type Place } from "./support/place.ts";
import { checking } from "./support/pods.ts";
import { allNodes, installed, leaderOf, nmiRules, podsOf, trust, uninstalled } from "./support/release.ts";
import { told } from "./support/runners.ts";
import { onCluster } from "./support/shared.ts";

// The guide "Getting started", from the installation to the end, so the tests follow each other.
onCluster("the Standard Walkthrough", (cluster) => {
  let place: Place;
  let demo: Identity;
  const machineOf = (node: string) => cluster.facts.machines.find((one) => one.node === node)?.id ?? "";

  beforeAll(async () => {
    await uninstalled(cluster);
    place = await newPlace(cluster, "walkthrough");
  });
  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
  });

  it("begins on nodes without rules, where azure.json is for root alone", async () => {
    for (const node of allNodes) {
      expect(await nmiRules(cluster, node)).toEqual([]);
      const stat = ["stat", "--format=%a %U", "/etc/kubernetes/azure.json"];
      expect(told(await cluster.onNode(node, stat)).trim()).toBe("600 root");
    }
  });

  it("1, 2: the chart is installed: NMI on each node, two MICs of which one leads", async () => {
    await installed(cluster);
    expect((await podsOf(cluster, "nmi")).map(({ spec }) => spec.nodeName).sort()).toEqual(["node1", "node2"]);
    const mics = (await podsOf(cluster, "mic")).map(({ metadata }) => metadata.name);
    expect(mics).toHaveLength(2);
    await expect.poll(() => leaderOf(cluster), patiently).toSatisfy((leader) => mics.includes(leader));
    for (const node of allNodes) expect((await nmiRules(cluster, node)).length).toBeGreaterThan(0);
  });

  it("3, 4: an identity is made in Azure, and the cluster is told of it", async () => {
    demo = await place.azureIdentity("demo");
    const said = await cluster.apply(place.identityObject(demo), place.bindingObject("demo"));
    expect(said.match(/created/g)).toHaveLength(2);
  });

  it("5: the demo gets its identity, lists machines, and gets its tokens", async () => {
    const file = await readFile(join(import.meta.dirname, "../../deploy/demo/deployment.yaml"), "utf8");
    const { subscription, resourceGroup } = cluster.facts;
    const yaml = file
      .replace("aadpodidbinding: demo", `aadpodidbinding: ${place.selectorOf("demo")}`)
      .replace("SUBSCRIPTION_ID", subscription)
      .replace("CLIENT_ID", demo.clientId)
      .replace("RESOURCE_GROUP", resourceGroup)
      .replace("args:", `args:\n            - --arm-endpoint=${urls.arm}`) // a cloud of one's own
      .replace("env:", `env:\n            - ${JSON.stringify(trust)}`);
    told(await cluster.tryKubectl(["apply", "--filename=-", `--namespace=${place.namespace}`], { input: yaml }));
    await place.kubectl("rollout", "status", "deployment/demo", "--timeout=90s");
    const { items } = await cluster.get("pods", "--selector=app=demo", `--namespace=${place.namespace}`);
    const [{ metadata, spec }] = items;
    await place.assigned(metadata.name, "demo");
    expect(await place.records()).toEqual([`${metadata.name} demo Assigned`]);
    expect(await cluster.azure.identitiesOn(machineOf(spec.nodeName))).toEqual([demo.id]);
    const log = expect.poll(() => place.kubectl("logs", "deployment/demo"), patiently);
    await log.toContain("successfully listed VMSS instances from ARM via AAD Pod Identity: [nodes]");
    await log.toContain(
      "successfully acquired a service principal token from http://169.254.169.254/metadata/identity/oauth2/token\n",
    );
    await log.toContain(
      `successfully acquired a service principal token from http://169.254.169.254/metadata/identity/oauth2/token using a user-assigned identity (`,
    );
    expect(await place.kubectl("logs", "deployment/demo")).not.toMatch(/eyJ|^E/m);
  });

  it("a pod without the label gets no token, on either node, and is told why", async () => {
    const container = checking("main", []);
    for (const node of allNodes) {
      const spec = { containers: [container], restartPolicy: "Never" };
      await cluster.apply(place.podObject(`bystander-${node}`, { selector: null, node, spec }));
    }
    for (const node of allNodes) {
      const pod = `bystander-${node}`;
      await place.kubectl("wait", `pod/${pod}`, "--for=jsonpath={.status.phase}=Failed", "--timeout=90s");
      expect(await place.kubectl("logs", pod)).toContain("the pod has no label aadpodidbinding");
    }
  });

  it("6: what is deleted is taken off the machine again", async () => {
    await place.kubectl("delete", "deployment", "demo");
    await place.kubectl("delete", "azureidentitybinding", "demo-binding");
    await place.unassigned();
    for (const { id } of cluster.facts.machines) expect(await cluster.azure.identitiesOn(id)).toEqual([]);
  });

  it("ends with an uninstall that leaves the AzureIdentity, and nothing of ours", async () => {
    await uninstalled(cluster);
    for (const node of allNodes) expect(await nmiRules(cluster, node)).toEqual([]);
    expect(await place.kubectl("get", "azureidentities", "--output=name")).toContain("/demo");
    const all = await cluster.kubectl("get", "azureassignedidentities", "--all-namespaces", "--output=name");
    expect(all).toBe("");
    expect(await left(cluster)).toEqual([]);
  });
});

/** Objects of every kind that the chart, its hooks or its programs make, but for what users made themselves. */
async function left(cluster: Parameters<typeof podsOf>[0]): Promise<readonly string[]> {
  const kinds = (await cluster.kubectl("api-resources", "--verbs=list", "--output=name")).trim().split("\n");
  const said = await cluster.kubectl("get", kinds.join(), "--all-namespaces", "--output=name", "--ignore-not-found");
  const names = said.split("\n").filter((line) => /aad-pod-identity|aadpodidentity/.test(line));
  return names.filter((name) => !/^customresourcedefinition|^azureidentit|^event|^apiservice/.test(name));
}

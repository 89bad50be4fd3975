import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { identityId } from "../support/make.ts";
import { askNmi, type NmiWorld, nmiWorld, type RunningNmi } from "../support/nmi/world.ts";
import { runProgram } from "../support/program.ts";
import { eventually } from "../support/time/eventually.ts";

const managed = ["--operation-mode=Managed", "--forceNamespaced"];
const demo = { aadpodidbinding: "demo" };
const specOf = (name: string) => ({ type: 0, resourceID: identityId(name), clientID: `client-of-${name}` });

describe("nmi in managed mode", () => {
  let world: NmiWorld;
  let nmi: RunningNmi;

  beforeAll(async () => {
    world = await nmiWorld({ without: ["AzureAssignedIdentity"] });
    for (const name of ["reader", "writer"]) world.imds.put(`client-of-${name}`, identityId(name));
    await world.kube.call("POST", "/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "team" },
    });
    nmi = await world.start(managed);
  });
  afterAll(async () => {
    await nmi[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  it("serves a pod by its binding alone", async () => {
    await world.createPod("web", "127.9.8.7", demo);
    await world.create("AzureIdentity", "reader", specOf("reader"));
    await world.create("AzureIdentityBinding", "reader", { azureIdentity: "reader", selector: "demo" });
    await eventually(async () => (await askNmi(nmi, { from: "127.9.8.7" })).body.client_id).toBe("client-of-reader");
  });

  it("takes the binding of the highest weight, and the identity that is named in any case", async () => {
    await world.create("AzureIdentity", "writer", specOf("writer"));
    await world.create("AzureIdentityBinding", "writer", { azureIdentity: "writer", selector: "demo", weight: 2 });
    const clientOf = async (query = "") => {
      const path = `/metadata/identity/oauth2/token?resource=https://vault.azure.net${query}`;
      return (await askNmi(nmi, { from: "127.9.8.7", path })).body.client_id;
    };
    await eventually(() => clientOf()).toBe("client-of-writer");
    expect(await clientOf("&client_id=CLIENT-OF-READER")).toBe("client-of-reader");
    expect(await clientOf(`&msi_res_id=${identityId("reader").toUpperCase()}`)).toBe("client-of-reader");
  });

  it("refuses what is not bound in the pod's namespace, in the original's words", async () => {
    await world.createPod("other", "127.9.8.8", { aadpodidbinding: "other" });
    await world.create("AzureIdentity", "reader", specOf("reader"), "team");
    await world.create("AzureIdentityBinding", "reader", { azureIdentity: "reader", selector: "other" }, "team");
    await eventually(async () => (await askNmi(nmi, { from: "127.9.8.8" })).status).toBe(404);
    const { body } = await askNmi(nmi, { from: "127.9.8.8" });
    expect(body.error_description).toBe(
      "no azure identity found for request clientID : no AzureIdentityBinding of the pod's namespace has the selector other",
    );
  });

  it("gives nothing any more once the binding is deleted", async () => {
    const bindings = "/apis/aadpodidentity.k8s.io/v1/namespaces/default/azureidentitybindings";
    for (const name of ["reader", "writer"]) await world.kube.call("DELETE", `${bindings}/${name}`);
    await eventually(async () => (await askNmi(nmi, { from: "127.9.8.7" })).status).toBe(404);
  });

  it("says how it starts in the original's words", () => {
    const said = [
      /starting nmi process\. Version: \S+ Build date: \S+\./,
      /initialized health probe on port \d+/,
      /started health probe/,
      /registered views for metric/,
      /starting Prometheus exporter/,
      /registered and exported metrics on port \d+/,
      /features for scale clusters enabled/,
      /running NMI in namespaced mode: true/,
      /initializing in managed mode/,
      /listening on 127\.0\.0\.1:\d+/,
    ];
    const inOrder = new RegExp(said.map(({ source }) => source).join("[^]*"));
    expect(nmi.program.output()).toMatch(inOrder);
  });

  it("never asks for assignments, whose kind is not even there", () => {
    const asked = world.proxy.requests.map((request) => new URL(request.split(" ")[1] ?? "", "http://api").pathname);
    const kinds = asked.map((path) => path.split("/").at(-1));
    expect([...new Set(kinds)].sort()).toEqual([
      "azureidentities",
      "azureidentitybindings",
      "azurepodidentityexceptions",
      "pods",
    ]);
  });
});

it("nmi ends before anything starts when managed mode lacks namespaced mode", async () => {
  const { code, stderr } = await runProgram("nmi", ["--node=node-0", "--operation-mode=managed"]);
  expect(code).toBe(2);
  expect(stderr).toContain(
    "failed to initialize token client, error: managed mode not intialized in force namespaced mode",
  );
  expect(stderr).not.toContain("starting nmi process");
});

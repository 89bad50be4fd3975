import { describe, expect, it } from "vitest";
import { helmMissing, type Rendered, refusal, render, type Values } from "../support/chart/helm.ts";

const missing = helmMissing();
const RESOURCE = "/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web";
const web = { clientID: "client", resourceID: RESOURCE, binding: { name: "web-binding", selector: "web" } };
const principal = { type: "1", tenantID: "tenant", clientID: "client", binding: { selector: "job" } };

const of = (objects: readonly Rendered[], kind: string) =>
  objects
    .filter((one) => one.kind === kind)
    .map(({ metadata: { name, namespace }, spec }) => ({ name, namespace, spec }));
const given = (azureIdentities: Values) => render({ azureIdentities });

describe.skipIf(missing !== undefined)(`the chart's azureIdentities${missing ? ` (skipped: ${missing})` : ""}`, () => {
  it("become identities with bindings, by the key unless they have a name", async () => {
    const objects = await given({ web, other: { ...web, name: "named", namespace: "shop" } });
    expect(of(objects, "AzureIdentity")).toEqual([
      { name: "named", namespace: "shop", spec: { type: 0, clientID: "client", resourceID: RESOURCE } },
      { name: "web", namespace: "pods", spec: { type: 0, clientID: "client", resourceID: RESOURCE } },
    ]);
    expect(of(objects, "AzureIdentityBinding")).toEqual([
      { name: "web-binding", namespace: "shop", spec: { azureIdentity: "named", selector: "web" } },
      { name: "web-binding", namespace: "pods", spec: { azureIdentity: "web", selector: "web" } },
    ]);
  });

  it.each([
    ["a map", { name: "secret", namespace: "shop" }],
    ["JSON in a string", '{"name":"secret","namespace":"shop"}'],
    ["YAML in a string", "{name: secret, namespace: shop}"],
  ])("take clientPassword as %s", async (_, clientPassword) => {
    const more = { auxiliaryTenantIDs: ["t2"], adEndpoint: "https://ad.example", adResourceID: "api" };
    const [identity] = of(await given({ job: { ...principal, clientPassword, ...more } }), "AzureIdentity");
    expect(identity?.spec).toEqual({
      type: 1,
      tenantID: "tenant",
      clientID: "client",
      clientPassword: { name: "secret", namespace: "shop" },
      ...more,
    });
  });

  it("keep texts as they are, whatever YAML would make of them", async () => {
    const odd = { ...web, clientID: "0123e4", annotations: { "aadpodidentity.k8s.io/Behavior": "namespaced" } };
    const objects = await given({ web: { ...odd, binding: { selector: "yes: no #", weight: 2000000 } } });
    expect(of(objects, "AzureIdentity")[0]?.spec.clientID).toBe("0123e4");
    expect(of(objects, "AzureIdentityBinding")[0]).toMatchObject({
      name: "web-binding",
      spec: { selector: "yes: no #", weight: 2_000_000 },
    });
    expect(objects.find(({ kind }) => kind === "AzureIdentity")?.metadata.annotations).toEqual(odd.annotations);
  });

  it.each([
    [{ web: { ...web, clientID: "" } }, "azureIdentities.web.clientID is required!"],
    [{ web: { ...web, resourceID: undefined } }, "azureIdentities.web.resourceID is required!"],
    [{ job: { ...principal, tenantID: "" } }, "azureIdentities.job.tenantID is required!"],
    [{ job: principal }, "azureIdentities.job.clientPassword is required!"],
    [{ web: { ...web, binding: {} } }, "azureIdentities.web.binding.selector is required!"],
    [{ web: { ...web, type: 3 } }, 'azureIdentities.web.type is "3", and may be 0 (user-assigned identity), 1 ('],
    [{ job: { ...principal, clientPassword: "secret" } }, "write {name: …, namespace: …}"],
    [{ web: { ...web, resourceId: "x" } }, "azureIdentities.web.resourceId is unknown: write resourceID"],
    [{ web: { ...web, tags: {} } }, "azureIdentities.web.tags is unknown: known are name, namespace"],
    [{ web: { ...web, resourceID: "nonsense" } }, 'resourceID is "nonsense", and may be: /subscriptions/ID/resourceg'],
    [{ web: { ...web, resourceID: `${RESOURCE}/more` } }, '/web/more", and may be: /subscriptions/ID/resourcegroups/'],
    [
      { a: { ...web, binding: { selector: "a", weight: "abc" } } },
      'a.binding.weight is "abc", and may be: whole number',
    ],
    [{ a: { ...web, binding: { selector: "a", weigth: 1 } } }, "a.binding.weigth is unknown: known are name, selector"],
    [{ a: { ...web, binding: "a" } }, "azureIdentities.a.binding is no map with selector"],
    [{ web: "x" }, "azureIdentities.web is no map"],
  ])("are refused as %j", async (azureIdentities, sentence) => {
    expect(await refusal({ azureIdentities })).toContain(sentence);
  });

  it("take a resource ID in any case, as Azure does", async () => {
    const [identity] = of(await given({ web: { ...web, resourceID: RESOURCE.toUpperCase() } }), "AzureIdentity");
    expect(identity?.spec).toMatchObject({ resourceID: RESOURCE.toUpperCase() });
  });

  it("are shown as a map where they are the list of charts before 3", async () => {
    const said = await refusal({ azureIdentities: [{ name: "web", ...web }] });
    expect(said).toContain(
      "azureIdentities is a list, and takes a map from names to identities since chart 3.0.0. Write:",
    );
    expect(said).toMatch(
      /azureIdentities:\n {2}web:\n {4}binding:\n {6}name: web-binding\n {6}selector: web\n {4}clientID: client\n/,
    );
  });
});

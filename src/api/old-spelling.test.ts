import { describe, expect, it } from "vitest";
import { readAssignment } from "./assignment.ts";
import { readBinding } from "./binding.ts";
import { readException } from "./exception.ts";
import { readIdentity } from "./identity.ts";
import { type Kind, kinds } from "./kinds.ts";
import { respelled } from "./old-spelling.ts";

const metadata = { name: "demo", namespace: "default", annotations: { ClientID: "mine" } };
const group = { apiVersion: "aadpodidentity.k8s.io/v1" };
const identity = { ...group, kind: "AzureIdentity", metadata, spec: { type: 1, clientID: "c", tenantID: "t" } };
const binding = { ...group, kind: "AzureIdentityBinding", metadata, spec: { azureIdentity: "demo", selector: "web" } };

describe("respelled", () => {
  it.each<{ kind: Kind; old: object; today: object; found: readonly string[]; read: (raw: unknown) => object }>([
    {
      kind: kinds.identity,
      old: { type: 1, ClientID: "c", ClientPassword: { Name: "s", Namespace: "n" }, TenantID: "t", ResourceID: "r" },
      today: { type: 1, clientID: "c", clientPassword: { name: "s", namespace: "n" }, tenantID: "t", resourceID: "r" },
      found: [
        "spec.ClientID",
        "spec.ClientPassword",
        "spec.clientPassword.Name",
        "spec.clientPassword.Namespace",
        "spec.TenantID",
        "spec.ResourceID",
      ],
      read: readIdentity,
    },
    {
      kind: kinds.identity,
      old: { resourceid: "r", adresourceid: "a", adendpoint: "e", mine: { ClientID: 1 } },
      today: { resourceID: "r", adResourceID: "a", adEndpoint: "e", mine: { ClientID: 1 } },
      found: ["spec.resourceid", "spec.adresourceid", "spec.adendpoint"],
      read: readIdentity,
    },
    {
      kind: kinds.binding,
      old: { AzureIdentity: "demo", Selector: "web", weight: 2 },
      today: { azureIdentity: "demo", selector: "web", weight: 2 },
      found: ["spec.AzureIdentity", "spec.Selector"],
      read: readBinding,
    },
    {
      kind: kinds.exception,
      old: { PodLabels: { App: "mic", Name: "x" } },
      today: { podLabels: { App: "mic", Name: "x" } },
      found: ["spec.PodLabels"],
      read: readException,
    },
    {
      kind: kinds.assignment,
      old: {
        azureidentityref: { ...identity, kind: "AzureIdentityList", spec: { ClientID: "c" } },
        azurebindingref: { metadata, spec: { azureidentity: "demo" } },
        pod: "web",
        podnamespace: "shop",
        NodeName: "node-0",
      },
      today: {
        azureIdentityRef: { ...identity, spec: { clientID: "c" } },
        azureBindingRef: { ...binding, spec: { azureIdentity: "demo" } },
        pod: "web",
        podNamespace: "shop",
        nodename: "node-0",
      },
      found: [
        "spec.azureidentityref",
        "spec.azureIdentityRef.kind",
        "spec.azureIdentityRef.spec.ClientID",
        "spec.azurebindingref",
        "spec.azureBindingRef.apiVersion",
        "spec.azureBindingRef.kind",
        "spec.azureBindingRef.spec.azureidentity",
        "spec.podnamespace",
        "spec.NodeName",
      ],
      read: readAssignment,
    },
  ])("writes $kind.kind with $found as today, and changes nothing else", ({ kind, old, today, found, read }) => {
    expect(respelled(kind, { metadata, spec: old })).toEqual({ object: { metadata, spec: today }, found });
    expect(respelled(kind, { metadata, spec: today })).toBeUndefined();
    expect(read({ metadata, spec: today })).toEqual(read({ metadata, spec: old }));
  });

  it("takes an old state of a record", () => {
    const { object } = respelled(kinds.assignment, { metadata, spec: {}, status: { Status: "Assigned" } }) ?? {};
    expect(object).toEqual({ metadata, spec: {}, status: { status: "Assigned" } });
  });

  it.each([
    { spec: { ClientID: "old", clientID: "new" }, then: "new" },
    { spec: { clientID: "new", ClientID: "old" }, then: "new" },
    { spec: { clientID: "", ClientID: "old" }, then: "old" },
    { spec: { ClientID: "old", clientID: "" }, then: "old" },
    { spec: { ClientID: "old", clientID: null }, then: "old" },
  ])("makes $then of $spec", ({ spec, then }) => {
    const { object } = respelled(kinds.identity, { metadata, spec }) ?? {};
    expect(object).toEqual({ metadata, spec: { clientID: then } });
  });

  it.each([
    undefined,
    null,
    "text",
    [],
    {},
    { metadata, spec: null },
    { metadata, spec: { azureIdentityRef: null, azureBindingRef: [] } },
  ])("leaves %j alone", (raw) => {
    for (const kind of [kinds.identity, kinds.assignment]) expect(respelled(kind, raw)).toBeUndefined();
  });
});

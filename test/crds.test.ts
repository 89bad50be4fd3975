import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { readAssignment } from "../src/api/assignment.ts";
import { readBinding } from "../src/api/binding.ts";
import { readException } from "../src/api/exception.ts";
import { readIdentity } from "../src/api/identity.ts";
import { apiVersion, type Kind, kinds } from "../src/api/kinds.ts";
import { schemaErrors } from "../src/sandbox/kube-api/schema/errors.ts";
import { pruned, type Schema } from "../src/sandbox/kube-api/schema/schema.ts";

const FILE = new URL("../charts/aad-pod-identity/crds/crd.yaml", import.meta.url);
const definitions = parseAllDocuments(readFileSync(FILE, "utf8")).map((document) => document.toJS());

function definitionOf({ plural, group }: Kind) {
  const found = definitions.find(({ metadata }) => metadata.name === `${plural}.${group}`);
  if (found === undefined) throw new Error(`crd.yaml lacks ${plural}`);
  return found;
}
const schemaOf = (kind: Kind): Schema => definitionOf(kind).spec.versions[0].schema.openAPIV3Schema;

const secret = { name: "secret", namespace: "vault" };
const identitySpec = {
  type: 1,
  resourceID: "resource",
  clientID: "client",
  clientPassword: secret,
  tenantID: "tenant",
  auxiliaryTenantIDs: ["other"],
  adResourceID: "ad-resource",
  adEndpoint: "https://endpoint",
};
const bindingSpec = { azureIdentity: "identity", selector: "selector", weight: 1 };

type Spell = (part: object) => object;

/** An object of each kind in which no field that is read has the value that it would have when absent. */
function samples(spell: Spell) {
  const object = (kind: Kind, spec: object, status: object = {}) => ({
    apiVersion: apiVersion(kind),
    kind: kind.kind,
    metadata: { name: "sample", namespace: "default" },
    spec: spell(spec),
    status,
  });
  const identity = object(kinds.identity, identitySpec);
  const binding = object(kinds.binding, bindingSpec);
  return {
    identity,
    binding,
    exception: { ...object(kinds.exception, { podLabels: { App: "demo" } }) },
    assignment: object(
      kinds.assignment,
      { azureIdentityRef: identity, azureBindingRef: binding, pod: "pod", podNamespace: "shop", nodename: "node" },
      { status: "Created" },
    ),
  };
}

const capitals: Readonly<Record<string, string>> = {
  resourceID: "ResourceID",
  clientID: "ClientID",
  clientPassword: "ClientPassword",
  name: "Name",
  namespace: "Namespace",
  tenantID: "TenantID",
  azureIdentity: "AzureIdentity",
  selector: "Selector",
  podLabels: "PodLabels",
};

/** Renames the fields of a spec, and of the secret reference in it, but nothing that is a whole object of its own. */
function renamed(part: object, rename: (name: string) => string): object {
  const entries = Object.entries(part).map(([name, value]) => [
    rename(name),
    value === secret && rename !== lowerCase ? renamed(value, rename) : value,
  ]);
  return Object.fromEntries(entries);
}
/** The spelling of what MIC itself wrote; `auxiliaryTenantIDs` is younger than that. */
function lowerCase(name: string): string {
  return name === "auxiliaryTenantIDs" ? name : name.toLowerCase();
}

const spellings: Readonly<Record<string, Spell>> = {
  "today's spelling": (part) => part,
  "the capitals of guides before 1.6": (part) => renamed(part, (name) => capitals[name] ?? name),
  "the lower case of MIC before 1.6": (part) => renamed(part, lowerCase),
};

const readers = {
  identity: readIdentity,
  binding: readBinding,
  exception: readException,
  assignment: readAssignment,
} as const;
type Name = keyof typeof readers;
const names = Object.keys(readers) as Name[];

/** What is read from metadata, which no schema tells. */
const inMetadata: readonly string[] = ["meta", "machine", "leftovers"];

describe("the custom resource definitions", () => {
  it("are the four of the group, namespaced, with one version and no status subresource", () => {
    expect(definitions).toHaveLength(4);
    for (const name of names) {
      const { spec, metadata } = definitionOf(kinds[name]);
      expect(spec).toMatchObject({ group: kinds[name].group, scope: "Namespaced", names: { kind: kinds[name].kind } });
      expect(spec.versions).toMatchObject([{ name: "v1", served: true, storage: true }]);
      expect(spec.versions[0].subresources?.status).toBeUndefined();
      expect(metadata.annotations["api-approved.kubernetes.io"]).toBe("unapproved");
    }
  });

  it.each(names)("the sample of %s sets every field that is read", (name) => {
    const bare = { ...samples((part) => part)[name], spec: {}, status: {} };
    const empty = Object.entries(readers[name](bare));
    const full: Record<string, unknown> = { ...readers[name](samples((part) => part)[name]) };
    const unset = empty.filter(([field, value]) => !inMetadata.includes(field) && Object.is(full[field], value));
    expect(unset).toEqual([]);
  });

  describe.each(Object.keys(spellings))("declare %s", (spelling) => {
    it.each(names)("of %s, so that nothing is pruned", (name) => {
      const sample = JSON.parse(JSON.stringify(samples(spellings[spelling] as Spell)[name]));
      const schema = schemaOf(kinds[name]);
      const kept = pruned(sample, schema, true);
      expect(kept).toEqual(sample);
      expect(schemaErrors(kept, schema, "")).toEqual([]);
      expect(readers[name](kept)).toEqual(readers[name](samples((part) => part)[name]));
    });
  });

  it("check the types of all fields, and require none", () => {
    for (const name of names) {
      expect(schemaErrors({ spec: {}, status: {} }, schemaOf(kinds[name]), "")).toEqual([]);
      expect(JSON.stringify(schemaOf(kinds[name]))).not.toMatch(/"(required|enum|pattern)":|preserve-unknown/);
    }
    const wrong = {
      spec: { type: "0", resourceID: 1, clientPassword: { name: 1 }, auxiliaryTenantIDs: [1], ClientID: 1 },
    };
    const fields = schemaErrors(wrong, schemaOf(kinds.identity), "").map(({ field }) => field);
    expect(fields).toEqual([
      "spec.type",
      "spec.resourceID",
      "spec.clientPassword.name",
      "spec.auxiliaryTenantIDs[0]",
      "spec.ClientID",
    ]);
  });

  it("let go of a record whose copies, of a MIC before 1.6, do not name their type", () => {
    const copy = {
      metadata: { name: "a", namespace: "default", creationTimestamp: null },
      spec: { resourceid: "resource" },
    };
    const record = { spec: { azureidentityref: copy, azurebindingref: { metadata: { name: "b" } } } };
    const kept = pruned(record, schemaOf(kinds.assignment), true);
    expect(schemaErrors(kept, schemaOf(kinds.assignment), "")).toEqual([]);
    const { identity, binding } = readAssignment({ metadata: { name: "sample" }, ...(kept as object) });
    expect([identity.meta.name, identity.resourceId, binding.meta.name]).toEqual(["a", "resource", "b"]);
  });

  it("take what the original wrote: empty metadata in spec and status, null where the schema allows it", () => {
    const spec = { type: 0, metadata: { creationTimestamp: null }, replicas: null, auxiliaryTenantIDs: null };
    const kept = pruned({ spec, status: { metadata: { creationTimestamp: null } } }, schemaOf(kinds.identity), true);
    expect(kept).toEqual({ spec: { ...spec, metadata: {} }, status: { metadata: {} } });
    expect(schemaErrors(kept, schemaOf(kinds.identity), "")).toEqual([]);
  });
});

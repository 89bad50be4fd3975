import { join } from "node:path";
import { expect, it } from "vitest";
import { grantsOf, grantText, readManifests } from "./support/kube/rbac.ts";

const grants = grantsOf(await readManifests(join(import.meta.dirname, "../deploy/infra/mic-rbac.yaml")));
const VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"];

it("MIC may write no object of others: everywhere only events and the four kinds that are its business", () => {
  const writes = grants.filter(({ verb, namespace }) => namespace === "" && !["get", "list", "watch"].includes(verb));
  const others = writes.filter(({ group, resource }) => group !== "aadpodidentity.k8s.io" && resource !== "events");
  expect(others.map(grantText)).toEqual([]);
});

it("MIC may change and read locks and ConfigMaps by their names only", () => {
  const nameless = grants.filter(({ verb, namespace, names }) => namespace !== "" && verb !== "create" && !names);
  expect(nameless.map(grantText)).toEqual([]);
});

it("MIC may read no Secret, and every verb is one that the API server knows", () => {
  expect(grants.filter(({ resource }) => ["secrets", "*"].includes(resource))).toEqual([]);
  expect([...new Set(grants.map(({ verb }) => verb))].toSorted()).toEqual(VERBS);
});

import { join } from "node:path";
import { expect, it } from "vitest";
import { grantsOf, grantText, readManifests } from "./support/kube/rbac.ts";

const grants = grantsOf(await readManifests(join(import.meta.dirname, "../deploy/infra/nmi-rbac.yaml")));

it("NMI may write nothing, and of Secrets read only one that it is told the name of", () => {
  expect([...new Set(grants.map(({ verb }) => verb))].toSorted()).toEqual(["get", "list", "watch"]);
  const secrets = grants.filter(({ resource }) => ["secrets", "*"].includes(resource));
  expect(secrets.map(grantText)).toEqual(["get secrets"]);
});

it("NMI may look at no DaemonSet but its own", () => {
  const others = grants.filter(({ resource, namespace, names }) => {
    return resource === "daemonsets" && (namespace === "" || names?.join() !== "nmi");
  });
  expect(others.map(grantText)).toEqual([]);
});

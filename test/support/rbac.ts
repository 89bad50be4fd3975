import { readFile } from "node:fs/promises";
import { parseAllDocuments } from "yaml";
import type { Kind } from "../../src/api/kinds.ts";
import type { AuditedCall } from "./audit-log.ts";

const RBAC = "rbac.authorization.k8s.io";
const rbac = (kind: string, plural: string, isNamespaced: boolean): Kind => {
  return { group: RBAC, version: "v1", plural, kind, isNamespaced };
};

/** The kinds that a file with permissions holds. */
export const rbacKinds: Readonly<Record<string, Kind>> = {
  ServiceAccount: { group: "", version: "v1", plural: "serviceaccounts", kind: "ServiceAccount", isNamespaced: true },
  ClusterRole: rbac("ClusterRole", "clusterroles", false),
  ClusterRoleBinding: rbac("ClusterRoleBinding", "clusterrolebindings", false),
  Role: rbac("Role", "roles", true),
  RoleBinding: rbac("RoleBinding", "rolebindings", true),
};

export type Rule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
};
export type Manifest = {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
};
/** One verb on one resource, in one namespace or, where it is empty, everywhere. */
export type Grant = {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  readonly names: readonly string[] | undefined;
};

export async function readManifests(file: string): Promise<readonly Manifest[]> {
  return parseAllDocuments(await readFile(file, "utf8")).map((document) => document.toJS() as Manifest);
}

/** Every single permission that the roles among the manifests give. */
export function grantsOf(manifests: readonly Manifest[]): readonly Grant[] {
  return manifests.flatMap(({ metadata: { namespace = "" }, rules = [] }) =>
    rules.flatMap(({ apiGroups, resources, resourceNames: names, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => ({ verb, group, resource, namespace, names }))),
      ),
    ),
  );
}

/** Whether the call is one that the permission is for. */
export function isUseOf(call: AuditedCall, { verb, group, resource, namespace, names }: Grant): boolean {
  const isSame = call.verb === verb && call.group === group && call.resource === resource;
  const isInside = namespace === "" || call.namespace === namespace;
  return isSame && isInside && (names === undefined || names.includes(call.name));
}

/** A permission as people read it. */
export function grantText({ verb, group, resource, namespace, names }: Grant): string {
  const of = names === undefined ? "" : ` called ${names.join(", ")}`;
  return `${verb} ${resource}${group === "" ? "" : `.${group}`}${of}${namespace === "" ? "" : ` in ${namespace}`}`;
}

import { readFile } from "node:fs/promises";
import { parseAllDocuments } from "yaml";
import type { Kind } from "../../../src/api/kinds.ts";

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
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
};
/** One verb on one resource, in one namespace or, where it is empty, everywhere. */
export type Grant = {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  readonly names: readonly string[] | undefined;
};
/** What somebody asks for, as far as permissions are about it. */
type Asked = Readonly<Record<"verb" | "group" | "resource" | "namespace" | "name", string>>;
export type AccountGrant = Grant & { readonly account: string };

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

/** The same by account, each name for itself: what roles give, in any state that is among them, by what binds accounts to them. */
export function accountGrants(manifests: readonly Manifest[]): readonly AccountGrant[] {
  const all = manifests.flatMap(({ metadata: { namespace }, roleRef, subjects = [] }) => {
    const roles = manifests.filter(({ kind, metadata }) => {
      const isThere = roleRef?.kind === "ClusterRole" || metadata.namespace === namespace;
      return kind === roleRef?.kind && metadata.name === roleRef.name && isThere;
    });
    const grants = grantsOf(
      roles.map((role) => ({ ...role, metadata: { name: "", ...(namespace && { namespace }) } })),
    );
    return subjects
      .filter(({ kind }) => kind === "ServiceAccount")
      .flatMap((subject) => grants.flatMap(byName).map((grant) => ({ ...grant, account: accountOf(subject) })));
  });
  return [...new Map(all.map((grant) => [`${grant.account} ${grantText(grant)}`, grant])).values()];
}

/** As the API server calls it. */
const accountOf = ({ namespace, name }: { readonly namespace?: string; readonly name: string }) =>
  `system:serviceaccount:${namespace}:${name}`;

const byName = (grant: Grant): readonly Grant[] =>
  grant.names === undefined ? [grant] : grant.names.map((name) => ({ ...grant, names: [name] }));

/** Whether the call is one that the permission is for. */
export function isUseOf(call: Asked, { verb, group, resource, namespace, names }: Grant): boolean {
  const isSame = call.verb === verb && call.group === group && call.resource === resource;
  const isInside = namespace === "" || call.namespace === namespace;
  return isSame && isInside && (names === undefined || names.includes(call.name));
}

/** A permission as people read it. */
export function grantText({ verb, group, resource, namespace, names }: Grant): string {
  const of = names === undefined ? "" : ` called ${names.join(", ")}`;
  return `${verb} ${resource}${group === "" ? "" : `.${group}`}${of}${namespace === "" ? "" : ` in ${namespace}`}`;
}

/** Who asks. */
export type User = {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
};

/** Whoever is in this group may do everything, whatever the roles say. */
export const MASTERS = "system:masters";
export const AUTHENTICATED = "system:authenticated";

export const anonymous: User = { name: "system:anonymous", groups: ["system:unauthenticated"] };

/** Somebody who may do everything. */
export function master(name: string): User {
  return { name, groups: [MASTERS, AUTHENTICATED] };
}

export type ServiceAccountName = { readonly namespace: string; readonly name: string };

/** How a service account is called where users are. */
export function accountUser({ namespace, name }: ServiceAccountName): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

/** The service account whose user name it is; undefined for any other user. */
export function readAccount(user: string): ServiceAccountName | undefined {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user) ?? [];
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}

/** The groups that every service account of a namespace is in. */
export function accountGroups(namespace: string): readonly string[] {
  return ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
}

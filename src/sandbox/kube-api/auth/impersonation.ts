import type { Rbac } from "../rbac/rbac.ts";
import { StatusError } from "../status.ts";
import { type Attributes, noAttributes } from "./attributes.ts";
import { checkAllowed } from "./refusal.ts";
import { AUTHENTICATED, accountGroups, anonymous, readAccount, type User } from "./user.ts";

type Headers = Readonly<Record<string, readonly string[] | undefined>>;

const EXTRA = "impersonate-extra-";

/** The user that the headers ask to be, if the one who asks may; else who asks. @throws StatusError 403 or 500 */
export function impersonated(asking: User, headers: Headers, rbac: Rbac): User {
  const [name = ""] = headers["impersonate-user"] ?? [];
  const [uid] = headers["impersonate-uid"] ?? [];
  const groups = headers["impersonate-group"] ?? [];
  const extra = readExtra(headers);
  if (name === "") {
    if (uid === undefined && groups.length === 0 && extra.length === 0) return asking;
    throw new StatusError(
      500,
      "InternalError",
      `Internal error occurred: requested ${groups} without impersonating a user`,
    );
  }
  const authentication = { group: "authentication.k8s.io" };
  const wanted: Partial<Attributes>[] = [
    userWanted(name),
    ...groups.map((group) => ({ resource: "groups", name: group })),
    ...extra.flatMap(([key, values]) =>
      values.map((value) => ({ ...authentication, resource: "userextras", subresource: key, name: value })),
    ),
    ...(uid === undefined ? [] : [{ ...authentication, resource: "uids", name: uid }]),
  ];
  for (const each of wanted) checkAllowed(rbac, asking, { ...noAttributes, verb: "impersonate", ...each });
  return {
    name,
    ...(uid !== undefined && { uid }),
    groups: groupsOf(name, groups),
    ...(extra.length > 0 && { extra: Object.fromEntries(extra) }),
  };
}

function userWanted(name: string): Partial<Attributes> {
  const account = readAccount(name);
  return account === undefined ? { resource: "users", name } : { resource: "serviceaccounts", ...account };
}

/** A service account is in its own groups unless others are named; everybody but a stranger is authenticated. */
function groupsOf(name: string, asked: readonly string[]): readonly string[] {
  const account = readAccount(name);
  const given = account !== undefined && asked.length === 0 ? accountGroups(account.namespace) : asked;
  const [last = ""] = name === anonymous.name ? anonymous.groups : [AUTHENTICATED];
  return given.includes(last) ? given : [...given, last];
}

function readExtra(headers: Headers): readonly (readonly [key: string, values: readonly string[]])[] {
  return Object.entries(headers)
    .filter(([name]) => name.startsWith(EXTRA))
    .map(([name, values = []]) => [decodeURIComponent(name.slice(EXTRA.length)), values]);
}

import { noAttributes } from "../auth/attributes.ts";
import { MASTERS, type User } from "../auth/user.ts";
import type { Cluster } from "../cluster.ts";
import { type JsonObject, objectOr, textOr } from "../json.ts";
import type { Resource } from "../resource.ts";
import { forbidden, notFound } from "../status.ts";
import { RBAC } from "./rbac.ts";
import { coversPath, coversResource, has, type Rule, rulesOf } from "./rules.ts";

/**
 * Nobody gives away by a role or a binding what they do not have, unless they may "escalate" or "bind".
 * @throws StatusError 403 that lists what is missing, or 404 for a binding to no role
 */
export function checkEscalation(cluster: Cluster, resource: Resource, object: JsonObject): void {
  const { asking, auth } = cluster;
  if (asking.groups.includes(MASTERS)) return;
  const metadata = objectOr(object.metadata);
  const namespace = textOr(metadata.namespace);
  const name = textOr(metadata.name);
  const roleRef = objectOr(object.roleRef);
  const isBinding = resource.kind.endsWith("Binding");
  const role = isBinding && roleRef.kind === "Role" ? "roles" : isBinding ? "clusterroles" : resource.plural;
  const wanted = {
    ...{ ...noAttributes, group: RBAC, namespace, resource: role },
    verb: isBinding ? "bind" : "escalate",
    name: isBinding ? textOr(roleRef.name) : name,
  };
  if (auth.rbac.decide(asking, wanted).isAllowed) return;
  const given = isBinding ? auth.rbac.rulesOf(roleRef, namespace) : rulesOf(object);
  if (given === undefined) throw notFound(resource, wanted.name);
  const { rules, trouble } = auth.rbac.held(asking, namespace);
  const missing = given.flatMap(single).filter((part) => !rules.some(({ rule }) => covers(rule, part)));
  if (missing.length === 0) return;
  const list = compact(missing).map(text).sort().join("\n");
  const doubts = trouble.length === 0 ? "" : `; resolution errors: [${trouble.join(", ")}]`;
  throw forbidden(
    resource,
    name,
    `${who(asking)} is attempting to grant RBAC permissions not currently held:\n${list}${doubts}`,
  );
}

function who({ name, uid, groups, extra }: User): string {
  const more = extra === undefined ? "" : ` extra=${JSON.stringify(extra)}`;
  const id = uid === undefined ? "" : `uid=${JSON.stringify(uid)} `;
  return `user ${JSON.stringify(name)} (${id}groups=${quoted(groups)}${more})`;
}

/** A rule in parts of one verb on one thing. */
function single(rule: Rule): readonly Rule[] {
  const names = rule.resourceNames.length === 0 ? [[]] : rule.resourceNames.map((name) => [name]);
  const onPaths = rule.nonResourceURLs.flatMap((url) =>
    rule.verbs.map((verb) => ({ ...nothing, nonResourceURLs: [url], verbs: [verb] })),
  );
  const onResources = rule.apiGroups.flatMap((group) =>
    rule.resources.flatMap((resource) =>
      rule.verbs.flatMap((verb) =>
        names.map((resourceNames) => ({
          ...{ ...nothing, resourceNames },
          ...{ apiGroups: [group], resources: [resource], verbs: [verb] },
        })),
      ),
    ),
  );
  return [...onResources, ...onPaths];
}

const nothing: Rule = { verbs: [], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };

function covers(owned: Rule, part: Rule): boolean {
  if (!part.verbs.every((verb) => has(owned.verbs, verb))) return false;
  const [url] = part.nonResourceURLs;
  if (url !== undefined) return owned.nonResourceURLs.some((each) => coversPath(each, url));
  return (
    part.apiGroups.every((group) => has(owned.apiGroups, group)) &&
    part.resources.every((resource) => coversWritten(owned.resources, resource)) &&
    (owned.resourceNames.length === 0 ||
      (part.resourceNames.length > 0 && part.resourceNames.every((name) => owned.resourceNames.includes(name))))
  );
}

function coversWritten(owned: readonly string[], written: string): boolean {
  const [resource = "", subresource = ""] = written.split("/");
  return owned.some((each) => coversResource(each, resource, subresource));
}

/** Parts that differ in their verb only, in one. */
function compact(parts: readonly Rule[]): readonly Rule[] {
  const byThing = Map.groupBy(parts, ({ verbs: _verbs, ...thing }) => JSON.stringify(thing));
  return [...byThing.values()].map((same) => ({
    ...(same[0] ?? nothing),
    verbs: [...new Set(same.flatMap(({ verbs }) => verbs))],
  }));
}

function text(rule: Rule): string {
  const parts = {
    APIGroups: rule.apiGroups,
    Resources: rule.resources,
    NonResourceURLs: rule.nonResourceURLs,
    ResourceNames: rule.resourceNames,
    Verbs: rule.verbs,
  };
  const shown = Object.entries(parts).filter(([, list]) => list.length > 0);
  return `{${shown.map(([name, list]) => `${name}:${quoted(list)}`).join(", ")}}`;
}

function quoted(list: readonly string[]): string {
  return `[${list.map((item) => JSON.stringify(item)).join(" ")}]`;
}

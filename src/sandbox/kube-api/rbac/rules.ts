import type { Attributes } from "../auth/attributes.ts";
import { isList, isObject, type Json, type JsonObject } from "../json.ts";

/** A rule of a role; a list that is left out is empty. */
export type Rule = {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
  readonly nonResourceURLs: readonly string[];
};

/** The rules of a stored role. */
export function rulesOf(role: JsonObject): readonly Rule[] {
  const { rules } = role;
  return isList(rules) ? rules.filter(isObject).map(readRule) : [];
}

function readRule(rule: JsonObject): Rule {
  return {
    verbs: texts(rule.verbs),
    apiGroups: texts(rule.apiGroups),
    resources: texts(rule.resources),
    resourceNames: texts(rule.resourceNames),
    nonResourceURLs: texts(rule.nonResourceURLs),
  };
}

/** A rule as it is shown, without what is empty. */
export function shown(rule: Rule): JsonObject {
  return Object.fromEntries(Object.entries(rule).filter(([, list]) => list.length > 0));
}

/** Whether a rule allows what somebody wants to do. */
export function allows(rule: Rule, wanted: Attributes): boolean {
  if (!has(rule.verbs, wanted.verb)) return false;
  if (wanted.path !== "") return rule.nonResourceURLs.some((url) => coversPath(url, wanted.path));
  const { resource, subresource, name } = wanted;
  return (
    has(rule.apiGroups, wanted.group) &&
    rule.resources.some((each) => coversResource(each, resource, subresource)) &&
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(name))
  );
}

/** `/healthz/*` covers what begins so, `*` everything. */
export function coversPath(url: string, path: string): boolean {
  return url === path || (url.endsWith("*") && path.startsWith(url.slice(0, -1)));
}

/** `pods` covers no `pods/log`; `*` covers both, and so does `*\/log` for the latter. */
export function coversResource(given: string, resource: string, subresource: string): boolean {
  if (given === "*") return true;
  if (subresource === "") return given === resource;
  return given === `${resource}/${subresource}` || given === `*/${subresource}`;
}

export function has(list: readonly string[], value: string): boolean {
  return list.includes(value) || list.includes("*");
}

function texts(value: Json | undefined): readonly string[] {
  return isList(value) ? value.map(String) : [];
}

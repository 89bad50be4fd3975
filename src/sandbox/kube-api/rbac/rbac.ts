import type { Attributes } from "../auth/attributes.ts";
import { accountUser, MASTERS, type User } from "../auth/user.ts";
import { keyOf } from "../collection.ts";
import { isList, isObject, type JsonObject, type KubeObject, objectOr, textOr } from "../json.ts";
import { qualified } from "../status.ts";
import type { Store } from "../store.ts";
import { allows, type Rule, rulesOf } from "./rules.ts";

export const RBAC = "rbac.authorization.k8s.io";

/** A rule that somebody has, and by which binding. */
type HeldRule = { readonly rule: Rule; readonly by: string };
/** What somebody may do in a namespace, or everywhere when it is empty; `trouble`: roles that do not exist. */
export type Held = { readonly rules: readonly HeldRule[]; readonly trouble: readonly string[] };
export type Decision = { readonly isAllowed: boolean; readonly reason: string };

const KINDS = ["clusterrolebindings", "clusterroles", "rolebindings", "roles"] as const;

/** Decides by the roles and bindings in the store who may do what. */
export class Rbac {
  readonly #store: Store;
  /** By user, groups and namespace; emptied whenever a role or binding changes. */
  readonly #held = new Map<string, Held>();

  constructor(store: Store) {
    this.#store = store;
    for (const plural of KINDS) store.of({ group: RBAC, plural }).subscribe(() => this.#held.clear());
  }

  decide(user: User, wanted: Attributes): Decision {
    if (user.groups.includes(MASTERS)) return { isAllowed: true, reason: "" };
    const { rules, trouble } = this.held(user, wanted.namespace);
    const found = rules.find(({ rule }) => allows(rule, wanted));
    if (found !== undefined) return { isAllowed: true, reason: `RBAC: allowed by ${found.by}` };
    return { isAllowed: false, reason: trouble.length === 0 ? "" : `RBAC: ${inOne(trouble)}` };
  }

  /** Every rule that somebody has in a namespace, in the order in which the server looks at them. */
  held(user: User, namespace: string): Held {
    const key = JSON.stringify([user.name, user.groups, namespace]);
    const known = this.#held.get(key);
    if (known !== undefined) return known;
    const everywhere = this.#store.of({ group: RBAC, plural: "clusterrolebindings" }).list("");
    const here = namespace === "" ? [] : this.#store.of({ group: RBAC, plural: "rolebindings" }).list(namespace);
    const parts = [...everywhere, ...here].map((binding) => this.#heldBy(binding, user));
    const held: Held = {
      rules: parts.flatMap(({ rules }) => rules),
      trouble: parts.flatMap(({ trouble }) => trouble),
    };
    this.#held.set(key, held);
    return held;
  }

  /** The rules of the role that a binding names; undefined when there is no such role. */
  rulesOf(roleRef: JsonObject, namespace: string): readonly Rule[] | undefined {
    const plural = roleRef.kind === "Role" ? "roles" : "clusterroles";
    const place = plural === "roles" ? { namespace } : {};
    const role = this.#store.of({ group: RBAC, plural }).get(keyOf({ ...place, name: textOr(roleRef.name) }));
    return role && rulesOf(role);
  }

  #heldBy(binding: KubeObject, user: User): Held {
    const { namespace = "" } = binding.metadata;
    const subjects = isList(binding.subjects) ? binding.subjects.filter(isObject) : [];
    const subject = subjects.find((each) => isMeant(each, user, namespace));
    if (subject === undefined) return { rules: [], trouble: [] };
    const roleRef = objectOr(binding.roleRef);
    const rules = this.rulesOf(roleRef, namespace);
    if (rules === undefined) {
      const kind = qualified(textOr(roleRef.kind).toLowerCase(), RBAC);
      return { rules: [], trouble: [`${kind} "${textOr(roleRef.name)}" not found`] };
    }
    const by = reasonOf(binding, roleRef, subject);
    return { rules: rules.map((rule) => ({ rule, by })), trouble: [] };
  }
}

function isMeant({ kind, name, namespace }: JsonObject, user: User, bindingNamespace: string): boolean {
  if (kind === "User") return name === user.name;
  if (kind === "Group") return user.groups.includes(textOr(name));
  const place = textOr(namespace) || bindingNamespace;
  return (
    kind === "ServiceAccount" && place !== "" && user.name === accountUser({ namespace: place, name: textOr(name) })
  );
}

function reasonOf({ kind, metadata }: KubeObject, roleRef: JsonObject, subject: JsonObject): string {
  const { namespace, name } = metadata;
  const binding = namespace === undefined ? `"${name}"` : `"${name}/${namespace}"`;
  const place = textOr(subject.namespace) || namespace || "";
  const who = subject.kind === "ServiceAccount" ? `"${textOr(subject.name)}/${place}"` : `"${textOr(subject.name)}"`;
  return `${kind} ${binding} of ${textOr(roleRef.kind)} "${textOr(roleRef.name)}" to ${textOr(subject.kind)} ${who}`;
}

/** Several errors in one sentence, each once, as the server writes them. */
function inOne(messages: readonly string[]): string {
  const once = [...new Set(messages)];
  return once.length === 1 ? (once[0] ?? "") : `[${once.join(", ")}]`;
}

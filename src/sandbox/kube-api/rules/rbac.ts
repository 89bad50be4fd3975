import { isEqual, isList, type JsonObject, type KubeObject, objectOr, objectsOf, textOr } from "../json.ts";
import { RBAC } from "../rbac/rbac.ts";
import { type FieldError, oneOf, required, wrong } from "../status.ts";

/** Rules of roles; those of namespaces cannot be about paths. */
export function roleErrors(isNamespaced: boolean) {
  return ({ rules }: JsonObject): readonly FieldError[] =>
    objectsOf(rules).flatMap((rule, i) => ruleErrors(rule, `rules[${i}]`, isNamespaced));
}

function ruleErrors(rule: JsonObject, path: string, isNamespaced: boolean): FieldError[] {
  const isEmpty = (name: string) => !isList(rule[name]) || rule[name].length === 0;
  const verbs = isEmpty("verbs") ? [required(`${path}.verbs`, "verbs must contain at least one value")] : [];
  if (!isEmpty("nonResourceURLs")) {
    const refuse = (why: string) => wrong(`${path}.nonResourceURLs`, rule.nonResourceURLs, why);
    const isBoth = ["apiGroups", "resources", "resourceNames"].some((name) => !isEmpty(name));
    return [
      ...verbs,
      ...(isNamespaced ? [refuse("namespaced rules cannot apply to non-resource URLs")] : []),
      ...(isBoth ? [refuse("rules cannot apply to both regular resources and non-resource URLs")] : []),
    ];
  }
  const missing = (name: string, what: string) =>
    isEmpty(name) ? [required(`${path}.${name}`, `resource rules must supply at least one ${what}`)] : [];
  return [...verbs, ...missing("apiGroups", "api group"), ...missing("resources", "resource")];
}

/** Rules of bindings; those of namespaces take service accounts of their own without naming the namespace. */
export function bindingErrors(isNamespaced: boolean) {
  return (binding: JsonObject, old: KubeObject | undefined): readonly FieldError[] => {
    const roleRef = objectOr(binding.roleRef);
    const isChanged = old !== undefined && !isEqual(roleRef, objectOr(old.roleRef));
    const shown = { APIGroup: textOr(roleRef.apiGroup), Kind: textOr(roleRef.kind), Name: textOr(roleRef.name) };
    return [
      ...oneOf("roleRef.apiGroup", textOr(roleRef.apiGroup) || RBAC, [RBAC]),
      ...oneOf("roleRef.kind", roleRef.kind ?? "", isNamespaced ? ["Role", "ClusterRole"] : ["ClusterRole"]),
      ...(textOr(roleRef.name) === "" ? [required("roleRef.name")] : []),
      ...objectsOf(binding.subjects).flatMap((subject, i) => subjectErrors(subject, `subjects[${i}]`, isNamespaced)),
      ...(isChanged ? [wrong("roleRef", shown, "cannot change roleRef")] : []),
    ];
  };
}

function subjectErrors({ kind, name, namespace, apiGroup }: JsonObject, path: string, isNamespaced: boolean) {
  const isAccount = kind === "ServiceAccount";
  if (!isAccount && kind !== "User" && kind !== "Group") {
    return oneOf(`${path}.kind`, kind ?? "", ["ServiceAccount", "User", "Group"]);
  }
  return [
    ...(textOr(name) === "" ? [required(`${path}.name`)] : []),
    ...oneOf(`${path}.apiGroup`, apiGroup ?? "", isAccount ? [""] : [RBAC]),
    ...(isAccount && !isNamespaced && textOr(namespace) === "" ? [required(`${path}.namespace`)] : []),
  ];
}

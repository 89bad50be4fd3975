import { type JsonObject, objectOr } from "../json.ts";
import { eachOf, within, withMissing } from "./pod-defaults.ts";

// What the API server fills in for kinds that are small otherwise.

const RBAC = "rbac.authorization.k8s.io";

/** A role binding's references name the group of what they are to. */
export function prepareBinding(object: JsonObject): JsonObject {
  const subjects = eachOf(object.subjects, (subject) =>
    subject.kind === "User" || subject.kind === "Group" ? withMissing(subject, { apiGroup: RBAC }) : subject,
  );
  return within({ ...object, subjects }, "roleRef", (ref) => (ref.apiGroup ? ref : { ...ref, apiGroup: RBAC }));
}

export function prepareEndpoints(object: JsonObject): JsonObject {
  return {
    ...object,
    subsets: eachOf(object.subsets, (subset) => ({ ...subset, ports: eachOf(subset.ports, overTcp) })),
  };
}

export function prepareSlice(object: JsonObject): JsonObject {
  return { ...object, ports: eachOf(object.ports, (port) => withMissing(overTcp(port), { name: "" })) };
}

function overTcp(port: JsonObject): JsonObject {
  return withMissing(port, { protocol: "TCP" });
}

/** Which objects an admission policy is about. */
function matchDefaults(match: JsonObject): JsonObject {
  const rules = (list: JsonObject["resourceRules"]) => eachOf(list, (rule) => withMissing(rule, { scope: "*" }));
  return {
    ...withMissing(match, { matchPolicy: "Equivalent", namespaceSelector: {}, objectSelector: {} }),
    resourceRules: rules(match.resourceRules),
    excludeResourceRules: rules(match.excludeResourceRules),
  };
}

export function preparePolicy(object: JsonObject): JsonObject {
  const spec = withMissing(objectOr(object.spec), { failurePolicy: "Fail" });
  return { ...object, spec: within(spec, "matchConstraints", matchDefaults) };
}

export function preparePolicyBinding(object: JsonObject): JsonObject {
  return { ...object, spec: within(objectOr(object.spec), "matchResources", matchDefaults) };
}

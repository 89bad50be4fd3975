import { type Cluster, type Target, timestamp } from "../cluster.ts";
import { isList, type JsonObject, objectOr, textOr } from "../json.ts";
import { shown } from "../rbac/rules.ts";
import { apiVersionOf, builtIn, type Resource } from "../resource.ts";
import { badRequest, invalid } from "../status.ts";
import { decode } from "../types/decode.ts";
import type { Attributes } from "./attributes.ts";
import { readAttributesOf, reviewErrors } from "./review-spec.ts";
import type { User } from "./user.ts";

const AUTHORIZATION = "authorization.k8s.io";
const AUTHENTICATION = "authentication.k8s.io";

type Answer = (cluster: Cluster, target: Target, body: JsonObject) => JsonObject;

const answers: Readonly<Record<string, Answer>> = {
  SelfSubjectReview: ({ asking, now }) => ({
    metadata: { creationTimestamp: timestamp(now()) },
    status: { userInfo: userInfo(asking) },
  }),
  TokenReview: tokenReview,
  LocalSubjectAccessReview: subjectAccessReview,
  SelfSubjectAccessReview: (cluster, _target, body) => {
    const spec = objectOr(body.spec);
    checkSpec(reviewErrors(spec));
    return { metadata: {}, spec, status: decided(cluster, cluster.asking, readAttributesOf(spec)) };
  },
  SelfSubjectRulesReview: rulesReview,
  SubjectAccessReview: subjectAccessReview,
};

/** Questions about who is who and who may do what. */
export const reviews: readonly Resource[] = Object.keys(answers).map((kind) => {
  const group = kind === "SelfSubjectReview" || kind === "TokenReview" ? AUTHENTICATION : AUTHORIZATION;
  const isNamespaced = kind.startsWith("Local");
  return builtIn(group, kind, `${kind.toLowerCase()}s`, { isReview: true, isNamespaced });
});

/** POST of a question. @throws StatusError when it cannot be answered */
export function review(cluster: Cluster, target: Target, body: JsonObject): JsonObject {
  const { kind } = target.resource;
  const draft = decode(target.resource, body);
  return { kind, apiVersion: apiVersionOf(target.resource), ...answers[kind]?.(cluster, target, draft) };
}

function checkSpec(errors: ReturnType<typeof reviewErrors>): void {
  if (errors.length > 0) throw invalid({ group: AUTHORIZATION, kind: "", plural: "" }, "", errors);
}

function subjectAccessReview(cluster: Cluster, { namespace, resource }: Target, body: JsonObject): JsonObject {
  const spec = objectOr(body.spec);
  const { user = "", groups = [] } = spec;
  checkSpec(reviewErrors(spec, { user: textOr(user), groups: isList(groups) ? groups : [] }));
  const wanted = readAttributesOf(spec);
  if (resource.isNamespaced && wanted.namespace !== namespace) {
    throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`);
  }
  const who: User = { name: textOr(user), groups: isList(groups) ? groups.map(String) : [] };
  return { metadata: resource.isNamespaced ? { namespace } : {}, spec, status: decided(cluster, who, wanted) };
}

function decided({ auth }: Cluster, user: User, wanted: Attributes): JsonObject {
  const { isAllowed, reason } = auth.rbac.decide(user, wanted);
  return { allowed: isAllowed, ...(reason !== "" && { reason }) };
}

function rulesReview({ auth, asking }: Cluster, _target: Target, body: JsonObject): JsonObject {
  const namespace = textOr(objectOr(body.spec).namespace);
  if (namespace === "") throw badRequest("no namespace on request");
  const { rules, trouble } = auth.rbac.held(asking, namespace);
  const [resourceRules, nonResourceRules] = [false, true].map((isPath) =>
    rules.map(({ rule }) => rule).filter(({ nonResourceURLs }) => nonResourceURLs.length > 0 === isPath),
  );
  const once = [...new Set(trouble)];
  const error = once.length === 1 ? once[0] : `[${once.join(", ")}]`;
  const status = {
    resourceRules: (resourceRules ?? []).map(shown),
    nonResourceRules: (nonResourceRules ?? []).map(shown),
    incomplete: false,
    ...(once.length > 0 && { evaluationError: error }),
  };
  return { metadata: {}, spec: {}, status };
}

function tokenReview({ auth }: Cluster, _target: Target, body: JsonObject): JsonObject {
  const spec = objectOr(body.spec);
  const { token, audiences } = spec;
  if (textOr(token) === "") throw badRequest("token is required for TokenReview in authentication");
  const asked = isList(audiences) && audiences.length > 0 ? audiences.map(String) : undefined;
  const checked = auth.check(textOr(token), asked);
  const status =
    "error" in checked
      ? { user: {}, error: checked.error }
      : { authenticated: true, user: userInfo(checked.user), audiences: checked.audiences };
  return { metadata: {}, spec, status };
}

function userInfo({ name, uid, groups, extra }: User): JsonObject {
  return { username: name, ...(uid !== undefined && { uid }), groups, ...(extra !== undefined && { extra }) };
}

import { it } from "vitest";
import { onKubernetes } from "../support/kube/on-kubernetes.ts";
import type { Ask } from "../support/kube/same-api.ts";
import { twoApis } from "../support/kube/two-apis.ts";

const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const ROLES = `${RBAC}/namespaces/NS/roles`;
const BINDINGS = `${RBAC}/namespaces/NS/rolebindings`;
const AUTHORIZATION = "/apis/authorization.k8s.io/v1";
const AUTHENTICATION = "/apis/authentication.k8s.io/v1";
const PODS = "/api/v1/namespaces/NS/pods";
const ACCOUNTS = "/api/v1/namespaces/NS/serviceaccounts";
const group = "rbac.authorization.k8s.io";

const asUser = (name: string, ...groups: readonly string[]) => ({
  headers: { "impersonate-user": name, ...(groups.length > 0 && { "impersonate-group": groups }) },
});
const jane = asUser("jane");
const reader = asUser("system:serviceaccount:NS:reader");

function role(name: string, ...rules: readonly object[]): Ask {
  return { path: ROLES, body: { metadata: { name }, rules } };
}

function bind(name: string, subject: object, roleRef: object = { kind: "Role", name }): Ask {
  return {
    path: BINDINGS,
    body: { metadata: { name }, roleRef: { apiGroup: group, ...roleRef }, subjects: [subject] },
  };
}

const toJane = { kind: "User", name: "jane", apiGroup: group };
const toReader = { kind: "ServiceAccount", name: "reader", namespace: "NS" };
const podRule = { apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] };
const mayRead = [role("r", podRule), bind("r", toJane), bind("b", toReader, { kind: "Role", name: "r" })];
const account: Ask = { path: ACCOUNTS, body: { metadata: { name: "reader" } } };
const token = (spec: object, name = "reader"): Ask => ({ path: `${ACCOUNTS}/${name}/token`, body: { spec } });
const review = (spec: object): Ask => ({ path: `${AUTHORIZATION}/subjectaccessreviews`, body: { spec } });
const selfReview = (spec: object): Ask => ({ path: `${AUTHORIZATION}/selfsubjectaccessreviews`, body: { spec } });
const getPods = { verb: "get", resource: "pods", namespace: "NS" };
/** May write roles and bindings, and nothing else. */
const maker = [
  role("maker", {
    apiGroups: [group],
    resources: ["roles", "rolebindings"],
    verbs: ["create", "update", "patch", "get"],
  }),
  bind("maker", { kind: "User", name: "mike", apiGroup: group }),
];
const mike = asUser("mike");

const cases: Readonly<Record<string, readonly Ask[]>> = {
  // Who comes
  "nobody at a resource": [{ path: PODS, token: null }],
  "nobody at a health check": [{ path: "/readyz", token: null }],
  "nobody at another path": [{ path: "/foo", token: null }],
  "a token that nobody has": [{ path: PODS, token: "guess" }],
  "a token that nobody has, at a health check": [{ path: "/healthz", token: "guess" }],
  "a token like a service account's": [{ path: PODS, token: "eyJhbGciOiJSUzI1NiJ9.e30.AA" }],
  // What is missing
  "no role: list": [{ path: PODS, ...jane }],
  "no role: get": [{ path: `${PODS}/a`, ...jane }],
  "no role: watch": [{ path: `${PODS}?watch=true`, ...jane }],
  "no role: create": [{ path: PODS, body: {}, ...jane }],
  "no role: patch": [{ path: `${PODS}/a`, method: "PATCH", body: {}, type: "application/merge-patch+json", ...jane }],
  "no role: update": [{ path: `${PODS}/a`, method: "PUT", body: {}, ...jane }],
  "no role: delete": [{ path: `${PODS}/a`, method: "DELETE", ...jane }],
  "no role: delete all": [{ path: PODS, method: "DELETE", ...jane }],
  "no role: everywhere": [{ path: "/api/v1/nodes", ...jane }],
  "no role: of a group": [{ path: "/apis/coordination.k8s.io/v1/namespaces/NS/leases/a", ...jane }],
  "no role: a namespace": [{ path: "/api/v1/namespaces/NS", ...jane }],
  "no role: a subresource": [{ path: `${PODS}/a/status`, ...jane }],
  "no role: binding a pod": [{ path: `${PODS}/a/binding`, body: {}, ...jane }],
  "no role: a resource that nobody knows": [{ path: "/apis/nobody.example/v1/namespaces/NS/things/a/b", ...jane }],
  "no role: a path": [{ path: "/metrics", ...jane }],
  "no role: a service account": [{ path: PODS, ...reader }],
  "a role that is not there": [bind("a", toJane, { kind: "Role", name: "nope" }), { path: PODS, ...jane }],
  "two roles that are not there": [
    bind("a", toJane, { kind: "Role", name: "nope" }),
    bind("b", toJane, { kind: "ClusterRole", name: "nope" }),
    { path: PODS, ...jane },
  ],
  // What a role gives
  "a role: list": [...mayRead, { path: PODS, ...jane }],
  "a role: get of what is not there": [...mayRead, { path: `${PODS}/a`, ...jane }],
  "a role: another verb": [...mayRead, { path: `${PODS}?watch=1`, ...jane }],
  "a role: another resource": [...mayRead, { path: "/api/v1/namespaces/NS/secrets", ...jane }],
  "a role: its subresource": [...mayRead, { path: `${PODS}/a/log`, ...jane }],
  "a role: other namespaces": [...mayRead, { path: "/api/v1/pods", ...jane }],
  "a role: a service account": [...mayRead, { path: PODS, ...reader }],
  "a role: a group": [
    role("r", podRule),
    bind("r", { kind: "Group", name: "g", apiGroup: group }),
    { path: PODS, ...asUser("kim", "g") },
  ],
  "a role: all service accounts of the namespace": [
    role("r", podRule),
    bind("r", { kind: "Group", name: "system:serviceaccounts:NS", apiGroup: group }),
    { path: PODS, ...reader },
  ],
  "a role: a name": [
    role("r", { ...podRule, resourceNames: ["a"] }),
    bind("r", toJane),
    { path: `${PODS}/a`, ...jane },
  ],
  "a role: another name": [
    role("r", { ...podRule, resourceNames: ["a"] }),
    bind("r", toJane),
    { path: `${PODS}/b`, ...jane },
  ],
  "a role: a name, in a list": [
    role("r", { ...podRule, resourceNames: ["a"] }),
    bind("r", toJane),
    { path: `${PODS}?fieldSelector=metadata.name%3Da`, ...jane },
  ],
  "a role: a subresource of everything": [
    role("r", { ...podRule, resources: ["*/status"] }),
    bind("r", toJane),
    { path: `${PODS}/a/status`, ...jane },
  ],
  "a role: everything": [
    role("r", { apiGroups: ["*"], resources: ["*"], verbs: ["*"] }),
    bind("r", toJane),
    { path: `${PODS}`, ...jane },
  ],
  "a cluster role in a namespace": [
    bind("v", toJane, { kind: "ClusterRole", name: "cluster-admin" }),
    { path: "/api/v1/namespaces/NS/configmaps/none", ...jane },
  ],
  "a binding that is gone": [...mayRead, { path: `${BINDINGS}/r`, method: "DELETE" }, { path: PODS, ...jane }],
  "a role that lost its rules": [
    ...mayRead,
    { path: `${ROLES}/r`, method: "PUT", body: { metadata: { name: "r" }, rules: [] } },
    { path: PODS, ...jane },
  ],
  // Being somebody else
  "impersonation without a role": [...mayRead, { path: PODS, ...jane }],
  "impersonation of nobody's groups": [{ path: PODS, headers: { "impersonate-user": "system:anonymous" } }],
  "impersonation that asks who it is": [
    {
      path: `${AUTHENTICATION}/selfsubjectreviews`,
      body: {},
      headers: { "impersonate-user": "jane", "impersonate-uid": "7", "impersonate-extra-team": ["a", "b"] },
    },
  ],
  "impersonation of a service account, who it is": [
    { path: `${AUTHENTICATION}/selfsubjectreviews`, body: {}, ...reader },
  ],
  "impersonation of the masters": [{ path: "/api/v1/namespaces/NS/secrets", ...asUser("jane", "system:masters") }],
  // Questions
  whoami: [{ path: `${AUTHENTICATION}/selfsubjectreviews`, body: {} }],
  "may I: yes": [selfReview({ resourceAttributes: getPods })],
  "may I: no": [{ ...selfReview({ resourceAttributes: getPods }), ...jane }],
  "may I: by a role": [...mayRead, { ...selfReview({ resourceAttributes: getPods }), ...jane }],
  "may I: nothing asked": [selfReview({})],
  "may she: by a role": [...mayRead, review({ user: "jane", resourceAttributes: getPods })],
  "may it: by a role": [...mayRead, review({ user: "system:serviceaccount:NS:reader", resourceAttributes: getPods })],
  "may it: no": [
    ...mayRead,
    review({ user: "system:serviceaccount:NS:reader", resourceAttributes: { ...getPods, verb: "create" } }),
  ],
  "may she: a path": [
    review({
      user: "jane",
      groups: ["system:authenticated"],
      nonResourceAttributes: { verb: "get", path: "/healthz" },
    }),
  ],
  "may she: nobody named": [review({})],
  "may she, here": [
    ...mayRead,
    {
      path: `${AUTHORIZATION}/namespaces/NS/localsubjectaccessreviews`,
      body: { spec: { user: "jane", resourceAttributes: getPods } },
    },
  ],
  "what may I": [{ path: `${AUTHORIZATION}/selfsubjectrulesreviews`, body: { spec: { namespace: "NS" } } }],
  "what may she": [
    ...mayRead,
    { path: `${AUTHORIZATION}/selfsubjectrulesreviews`, body: { spec: { namespace: "NS" } }, ...jane },
  ],
  "what may I, nowhere": [{ path: `${AUTHORIZATION}/selfsubjectrulesreviews`, body: { spec: {} } }],
  "a review is no list": [{ path: `${AUTHORIZATION}/subjectaccessreviews` }],
  "reviews are found": [{ path: AUTHORIZATION }],
  "reviews of tokens are found": [{ path: AUTHENTICATION }],
  "a token that is none": [{ path: `${AUTHENTICATION}/tokenreviews`, body: { spec: { token: "x" } } }],
  "no token": [{ path: `${AUTHENTICATION}/tokenreviews`, body: { spec: {} } }],
  // Tokens
  "a service account's token": [account, token({})],
  "a token for others": [account, token({ audiences: ["api://a", "b"], expirationSeconds: 1200 })],
  "a token of nobody": [token({})],
  "a token that is too short": [account, token({ expirationSeconds: 5 })],
  "a token bound to what is not there": [
    account,
    token({ boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "none" } }),
  ],
  "a token bound to what cannot be": [
    account,
    token({ boundObjectRef: { kind: "ConfigMap", apiVersion: "v1", name: "none" } }),
  ],
  "a token bound to another's pod": [
    account,
    {
      path: PODS,
      body: { metadata: { name: "p" }, spec: { serviceAccountName: "other", containers: [{ name: "a", image: "b" }] } },
    },
    token({ boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p" } }),
  ],
  "a token bound to a pod": [
    account,
    {
      path: PODS,
      body: {
        metadata: { name: "p" },
        spec: { serviceAccountName: "reader", containers: [{ name: "a", image: "b" }] },
      },
    },
    token({ boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p" } }),
  ],
  // Giving more than one has
  "a role with more than the maker has": [...maker, { ...role("x", podRule), ...mike }],
  "a role of names with more than the maker has": [
    ...maker,
    {
      ...role("x", {
        apiGroups: ["", "apps"],
        resources: ["pods", "deployments"],
        verbs: ["get"],
        resourceNames: ["a"],
      }),
      ...mike,
    },
  ],
  "a role with what the maker has": [
    ...maker,
    { ...role("x", { apiGroups: [group], resources: ["roles"], verbs: ["get", "create"] }), ...mike },
  ],
  "a binding to more than the maker has": [...maker, role("x", podRule), { ...bind("x", toJane), ...mike }],
  "a binding to a role that is not there": [...maker, { ...bind("x", toJane), ...mike }],
  "a binding to what the maker may bind": [
    ...maker,
    role("x", podRule),
    role("binder", { apiGroups: [group], resources: ["roles"], verbs: ["bind"], resourceNames: ["x"] }),
    bind("binder", { kind: "User", name: "mike", apiGroup: group }),
    { ...bind("x", toJane), ...mike },
  ],
  "a role changed to more than the maker has": [
    ...maker,
    role("x"),
    {
      path: `${ROLES}/x`,
      method: "PATCH",
      type: "application/merge-patch+json",
      body: { rules: [podRule] },
      ...mike,
    },
  ],
};

onKubernetes("access is refused and granted as by the real API server", (shared) => {
  const expectSame = twoApis(shared);
  it.concurrent.for(Object.entries(cases))("%s", async ([, asks]) => {
    await expectSame(asks);
  });
});

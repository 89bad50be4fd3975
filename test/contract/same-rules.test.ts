import { it } from "vitest";
import { onKubernetes } from "../support/kube/on-kubernetes.ts";
import type { Ask } from "../support/kube/same-api.ts";
import {
  APPS,
  deployment,
  LEASES,
  MAPS,
  made,
  main,
  map,
  merge,
  NS,
  PODS,
  pod,
  ROLES,
  SECRETS,
  template,
} from "../support/kube/same-objects.ts";
import { twoApis } from "../support/kube/two-apis.ts";

const BUDGETS = "/apis/policy/v1/namespaces/NS/poddisruptionbudgets";
const BINDINGS = "/apis/rbac.authorization.k8s.io/v1/namespaces/NS/rolebindings";

const missing: Readonly<Record<string, readonly Ask[]>> = {
  "no name": [{ path: MAPS, body: { data: {} } }],
  "no containers": [{ path: PODS, body: { metadata: { name: "a" }, spec: {} } }],
  "no spec": [{ path: PODS, body: { metadata: { name: "a" } } }],
  "no name of a container": [{ path: PODS, body: pod({ containers: [{ image: "demo:1" }] }) }],
  "no image": [{ path: PODS, body: pod({ containers: [{ name: "main" }] }) }],
  "no verbs": [{ path: ROLES, body: map({ rules: [{ apiGroups: [""], resources: ["pods"] }] }) }],
  "no resources": [{ path: ROLES, body: map({ rules: [{ apiGroups: [""], verbs: ["get"] }] }) }],
  "no groups": [{ path: ROLES, body: map({ rules: [{ resources: ["pods"], verbs: ["get"] }] }) }],
  "no roleRef": [{ path: BINDINGS, body: map() }],
  "no selector": [{ path: `${APPS}/deployments`, body: map({ spec: { template } }) }],
  "no spec of a deployment": [{ path: `${APPS}/deployments`, body: map() }],
};

const invalid: Readonly<Record<string, readonly Ask[]>> = {
  "a name": [{ path: MAPS, body: { metadata: { name: "Not_A_Name" } } }],
  "a name of a namespace": [{ path: "/api/v1/namespaces", body: { metadata: { name: "a.b" } } }],
  "a long name": [{ path: MAPS, body: { metadata: { name: "a".repeat(254) } } }],
  "a label's key": [{ path: MAPS, body: map({}, { labels: { "a b": "c" } }) }],
  "a label's prefix": [{ path: MAPS, body: map({}, { labels: { "A_/b": "c" } }) }],
  "a label's value": [{ path: MAPS, body: map({}, { labels: { a: "b c" } }) }],
  "an annotation's key": [{ path: MAPS, body: map({}, { annotations: { "a b": "c" } }) }],
  "a key of a ConfigMap": [{ path: MAPS, body: map({ data: { "a b": "c" } }) }],
  "a key of a Secret": [{ path: SECRETS, body: map({ data: { "a/b": "Yw==" } }) }],
  "a restart policy": [{ path: PODS, body: pod({ restartPolicy: "Sometimes" }) }],
  "a DNS policy": [{ path: PODS, body: pod({ dnsPolicy: "Mine" }) }],
  "a pull policy": [{ path: PODS, body: pod({}, { imagePullPolicy: "Once" }) }],
  "a container's name": [{ path: PODS, body: pod({}, { name: "Main" }) }],
  "two containers of a name": [{ path: PODS, body: pod({ containers: [main, main] }) }],
  "an image with spaces": [{ path: PODS, body: pod({}, { image: " demo" }) }],
  "a port": [{ path: PODS, body: pod({}, { ports: [{ containerPort: 70_000 }] }) }],
  "a protocol": [{ path: PODS, body: pod({}, { ports: [{ containerPort: 80, protocol: "HTTP" }] }) }],
  "no name of a variable": [{ path: PODS, body: pod({}, { env: [{ value: "a" }] }) }],
  "a mount of no volume": [{ path: PODS, body: pod({}, { volumeMounts: [{ name: "v", mountPath: "/v" }] }) }],
  "two volumes of a name": [
    {
      path: PODS,
      body: pod({
        volumes: [
          { name: "v", emptyDir: {} },
          { name: "v", emptyDir: {} },
        ],
      }),
    },
  ],
  "a node's name": [{ path: PODS, body: pod({ nodeName: "A_B" }) }],
  "an account's name": [{ path: PODS, body: pod({ serviceAccountName: "A_B" }) }],
  "a request above its limit": [
    { path: PODS, body: pod({}, { resources: { limits: { cpu: "1" }, requests: { cpu: "2" } } }) },
  ],
  "a selector of other labels": [
    { path: `${APPS}/deployments`, body: deployment({ selector: { matchLabels: { app: "b" } } }) },
  ],
  "an empty selector": [{ path: `${APPS}/deployments`, body: deployment({ selector: {} }) }],
  "replicas below zero": [{ path: `${APPS}/deployments`, body: deployment({ replicas: -1 }) }],
  "a policy of templates": [
    {
      path: `${APPS}/daemonsets`,
      body: deployment({ template: { ...template, spec: { ...template.spec, restartPolicy: "Never" } } }),
    },
  ],
  "a lease of nothing": [{ path: LEASES, body: map({ spec: { leaseDurationSeconds: 0, leaseTransitions: -1 } }) }],
  "two bounds of a budget": [{ path: BUDGETS, body: map({ spec: { minAvailable: 1, maxUnavailable: 1 } }) }],
  "a path and a resource in a rule": [
    {
      path: ROLES,
      body: map({ rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"], nonResourceURLs: ["/a"] }] }),
    },
  ],
  "a subject of no kind": [
    {
      path: BINDINGS,
      body: map({
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "a" },
        subjects: [{ kind: "Robot", name: "r" }],
      }),
    },
  ],
  "an account of no namespace": [
    {
      path: BINDINGS,
      body: map({
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "a" },
        subjects: [{ kind: "ServiceAccount", name: "r" }],
      }),
    },
  ],
  "a role of no kind": [
    { path: BINDINGS, body: map({ roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Rule", name: "a" } }) },
  ],
  "an event of another namespace": [
    { path: `${NS}/events`, body: map({ involvedObject: { kind: "Pod", name: "a", namespace: "default" } }) },
  ],
};

const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "a" };
const fixed: Readonly<Record<string, readonly Ask[]>> = {
  "a pod's spec": [{ path: PODS, body: pod() }, merge(`${PODS}/a`, { spec: { hostNetwork: true } })],
  "a pod's node": [{ path: PODS, body: pod({ nodeName: "n" }) }, merge(`${PODS}/a`, { spec: { nodeName: "m" } })],
  "a deployment's selector": [
    { path: `${APPS}/deployments`, body: deployment() },
    merge(`${APPS}/deployments/a`, {
      spec: { selector: { matchLabels: { app: "b" } }, template: { metadata: { labels: { app: "b" } } } },
    }),
  ],
  "a secret's type": [{ path: SECRETS, body: map({ type: "a/b" }) }, merge(`${SECRETS}/a`, { type: "a/c" })],
  "an immutable ConfigMap": [
    { path: MAPS, body: map({ data: { a: "b" }, immutable: true }) },
    merge(`${MAPS}/a`, { data: { a: "c" } }),
  ],
  "an immutable ConfigMap made mutable": [
    { path: MAPS, body: map({ immutable: true }) },
    merge(`${MAPS}/a`, { immutable: false }),
  ],
  "an immutable secret": [
    { path: SECRETS, body: map({ data: { a: "Yg==" }, immutable: true }) },
    merge(`${SECRETS}/a`, { data: { a: "Yw==" } }),
  ],
  "a binding's role": [{ path: BINDINGS, body: map({ roleRef }) }, merge(`${BINDINGS}/a`, { roleRef: { name: "b" } })],
  "a name": [made, merge(`${MAPS}/a`, { metadata: { name: "b" } })],
  "a namespace": [made, merge(`${MAPS}/a`, { metadata: { namespace: "b" } })],
  "a uid": [made, merge(`${MAPS}/a`, { metadata: { uid: "b" } })],
};

onKubernetes("the rules of the real API server", (shared) => {
  const expectSame = twoApis(shared);
  const all = { missing, invalid, fixed };
  for (const [group, cases] of Object.entries(all)) {
    it.concurrent.for(Object.entries(cases))(`${group}: %s`, async ([, asks]) => {
      await expectSame(asks);
    });
  }
});

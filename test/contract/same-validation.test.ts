import { it } from "vitest";
import { onKubernetes } from "../support/kube/on-kubernetes.ts";
import type { Ask } from "../support/kube/same-api.ts";
import {
  APPS,
  deployment,
  LEASES,
  MAPS,
  made,
  map,
  merge,
  PODS,
  pod,
  ROLES,
  SECRETS,
} from "../support/kube/same-objects.ts";
import { twoApis } from "../support/kube/two-apis.ts";

const strict = "?fieldValidation=Strict";
const warn = "?fieldValidation=Warn";
const ignore = "?fieldValidation=Ignore";

const put = (path: string, body: unknown): Ask => ({ method: "PUT", path, body });

const unreadable: Readonly<Record<string, readonly Ask[]>> = {
  "JSON that breaks off": [{ path: MAPS, body: "{half" }],
  "JSON after JSON": [{ path: MAPS, body: '{"metadata":{"name":"a"}} {}' }],
  "a list": [{ path: MAPS, body: "[]" }],
  "a text": [{ path: MAPS, body: '"x"' }],
  "another content type": [{ path: MAPS, body: "a", type: "text/plain" }],
  YAML: [{ path: MAPS, body: "metadata:\n  name: a\ndata:\n  k: v\n", type: "application/yaml" }],
  "YAML of a list": [{ path: MAPS, body: "- a\n- b\n", type: "application/yaml" }],
  "YAML with an unknown field": [
    { path: `${MAPS}${strict}`, body: "metadata:\n  name: a\nmore: x\n", type: "application/yaml" },
  ],
  "another kind": [{ path: MAPS, body: { kind: "Secret", apiVersion: "v1", ...map() } }],
  "another version": [{ path: MAPS, body: { kind: "ConfigMap", apiVersion: "v2", ...map() } }],
  "a kind of another group": [
    { path: `${APPS}/deployments`, body: { kind: "Deployment", apiVersion: "v1", ...map() } },
  ],
};

const unknownFields: Readonly<Record<string, readonly Ask[]>> = {
  "strict: at the top": [{ path: `${MAPS}${strict}`, body: map({ extra: 1 }) }],
  "strict: in metadata": [{ path: `${MAPS}${strict}`, body: map({}, { extra: 1 }) }],
  "strict: inside": [{ path: `${PODS}${strict}`, body: pod({ hostnetwork: true }) }],
  "strict: inside a list": [{ path: `${PODS}${strict}`, body: pod({}, { imagePullSecrets: [] }) }],
  "strict: several": [{ path: `${PODS}${strict}`, body: { ...pod({ a: 1 }, { b: 2 }), c: 3 } }],
  "strict: none": [{ path: `${MAPS}${strict}`, body: map({ data: { k: "v" } }) }],
  "strict: twice": [{ path: `${MAPS}${strict}`, body: '{"metadata":{"name":"a"},"data":{"k":"v"},"data":{"k":"w"}}' }],
  "strict: twice inside": [
    {
      path: `${PODS}${strict}`,
      body: '{"metadata":{"name":"a"},"spec":{"containers":[{"name":"a","image":"b","image":"c"}]}}',
    },
  ],
  "warn: at the top": [{ path: `${MAPS}${warn}`, body: map({ extra: 1 }) }],
  "warn: twice": [{ path: `${MAPS}${warn}`, body: '{"metadata":{"name":"a"},"data":{"k":"v"},"data":{"k":"w"}}' }],
  "warn: several": [{ path: `${MAPS}${warn}`, body: map({ b: 1, a: { c: 2 } }) }],
  "not said: at the top": [{ path: MAPS, body: map({ extra: 1 }) }],
  "ignored: at the top": [{ path: `${MAPS}${ignore}`, body: map({ extra: 1 }) }],
  "another word": [{ path: `${MAPS}?fieldValidation=Some`, body: map() }],
  "strict: replaced": [made, put(`${MAPS}/a${strict}`, map({ extra: 1 }))],
  "warn: replaced": [made, put(`${MAPS}/a${warn}`, map({ extra: 1 }))],
  "strict: patched": [made, merge(`${MAPS}/a${strict}`, { extra: 1 })],
  "warn: patched": [made, merge(`${MAPS}/a${warn}`, { extra: 1 })],
  "strict: JSON-patched": [
    made,
    { ...merge(`${MAPS}/a${strict}`, [{ op: "add", path: "/extra", value: 1 }]), type: "application/json-patch+json" },
  ],
};

const wrongTypes: Readonly<Record<string, readonly Ask[]>> = {
  "a text for a yes or no": [{ path: PODS, body: pod({ hostNetwork: "yes" }) }],
  "a number for a text": [{ path: PODS, body: pod({ nodeName: 7 }) }],
  "a text for a number": [{ path: PODS, body: pod({ priority: "7" }) }],
  "a text for a long number": [{ path: PODS, body: pod({ activeDeadlineSeconds: "7" }) }],
  "a fraction for a number": [{ path: PODS, body: pod({ priority: 1.5 }) }],
  "an object for a list": [{ path: PODS, body: pod({ containers: {} }) }],
  "a text for a list": [{ path: PODS, body: pod({ containers: "main" }) }],
  "a list for an object": [{ path: PODS, body: pod({ securityContext: [] }) }],
  "a text for an object": [{ path: PODS, body: { metadata: { name: "a" }, spec: "x" } }],
  "a text in a list of objects": [{ path: PODS, body: pod({ containers: ["main"] }) }],
  "a number in a list of texts": [{ path: PODS, body: pod({}, { args: [1] }) }],
  "a number for a container's name": [{ path: PODS, body: pod({}, { name: 1 }) }],
  "a number in a map": [{ path: MAPS, body: map({ data: { k: 1 } }) }],
  "a yes in a label": [{ path: MAPS, body: map({}, { labels: { k: true } }) }],
  "a text for metadata": [{ path: MAPS, body: { metadata: "a" } }],
  "a number for a name": [{ path: MAPS, body: { metadata: { name: 5 } } }],
  "a word for a quantity": [{ path: PODS, body: pod({}, { resources: { limits: { cpu: "much" } } }) }],
  "a word for a time": [{ path: MAPS, body: map({}, { creationTimestamp: "now" }) }],
  "a number for a policy": [{ path: PODS, body: pod({ restartPolicy: 1 }) }],
  "no base64": [{ path: SECRETS, body: map({ data: { k: "!" } }) }],
  "an object for a port": [{ path: PODS, body: pod({}, { ports: [{ containerPort: {} }] }) }],
  "a text for replicas": [{ path: `${APPS}/deployments`, body: deployment({ replicas: "3" }) }],
  "a text for a duration": [{ path: LEASES, body: map({ spec: { leaseDurationSeconds: "15" } }) }],
  "a patch of a wrong type": [made, merge(`${MAPS}/a`, { data: { k: 1 } })],
  "a text for rules": [{ path: ROLES, body: map({ rules: "all" }) }],
};

const conflicts: Readonly<Record<string, readonly Ask[]>> = {
  "made twice": [made, made],
  "made with a version": [{ path: MAPS, body: map({}, { resourceVersion: "1" }) }],
  "an old version": [made, put(`${MAPS}/a`, map({}, { resourceVersion: "1" }))],
  "an old version in a patch": [made, merge(`${MAPS}/a`, { metadata: { resourceVersion: "1" } })],
  "another uid": [made, put(`${MAPS}/a`, map({}, { uid: "b" }))],
  "another name than the path's": [made, put(`${MAPS}/a`, map({}, { name: "b" }))],
  "another namespace than the path's": [{ path: MAPS, body: map({}, { namespace: "default" }) }],
  "what is not there, replaced": [put(`${MAPS}/none`, map({}, { name: "none" }))],
  "what is not there, patched": [merge(`${MAPS}/none`, {})],
  "what is not there, deleted": [{ method: "DELETE", path: `${MAPS}/none` }],
  "a namespace that is not there": [{ path: "/api/v1/namespaces/none/configmaps", body: map() }],
  "another uid, deleted": [made, { method: "DELETE", path: `${MAPS}/a`, body: { preconditions: { uid: "b" } } }],
  "another version, deleted": [
    made,
    { method: "DELETE", path: `${MAPS}/a`, body: { preconditions: { resourceVersion: "1" } } },
  ],
  "a JSON patch that tests in vain": [
    made,
    { ...merge(`${MAPS}/a`, [{ op: "test", path: "/data/k", value: "w" }]), type: "application/json-patch+json" },
  ],
  "a lease without its version": [{ path: LEASES, body: map() }, put(`${LEASES}/a`, map())],
};

onKubernetes("the real API server's own words", (shared) => {
  const expectSame = twoApis(shared);
  const all = { unreadable, unknownFields, wrongTypes, conflicts };
  for (const [group, cases] of Object.entries(all)) {
    it.concurrent.for(Object.entries(cases))(`${group}: %s`, async ([, asks]) => {
      await expectSame(asks);
    });
  }
});

import { it } from "vitest";
import { onKubernetes } from "../support/kube/on-kubernetes.ts";
import type { Ask } from "../support/kube/same-api.ts";
import { MAPS, map, NS, PODS, pod, SECRETS } from "../support/kube/same-objects.ts";
import { twoApis } from "../support/kube/two-apis.ts";

const withVolume = (source: object) => pod({ volumes: [{ name: "v", ...source }] });
const projecting = (...sources: readonly object[]) =>
  pod({ volumes: [{ name: "v", projected: { sources } }], serviceAccountName: "default" });
const withPort = (port: object) => pod({}, { ports: [{ containerPort: 80, ...port }] });
const variable = (valueFrom: object) => pod({}, { env: [{ name: "A", valueFrom }] });
const limited = (limits: object, requests: object = {}) => pod({}, { resources: { limits, requests } });
const onNodes = (...nodeSelectorTerms: readonly object[]) =>
  pod({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } });
const asking = (expression: object) => onNodes({ matchExpressions: [{ key: "a", ...expression }] });

const volumes: Readonly<Record<string, object>> = {
  "no name": pod({ volumes: [{ emptyDir: {} }] }),
  "a name": pod({ volumes: [{ name: "A_B", emptyDir: {} }] }),
  "two sources": withVolume({ emptyDir: {}, configMap: { name: "a" } }),
  "three sources": withVolume({ secret: { secretName: "a" }, configMap: { name: "a" }, downwardAPI: { items: [] } }),
  "a secret without a name": withVolume({ secret: {} }),
  "a secret's mode": withVolume({ secret: { secretName: "a", defaultMode: 999 } }),
  "a secret's key": withVolume({ secret: { secretName: "a", items: [{ path: "../up" }] } }),
  "a reserved path": withVolume({ secret: { secretName: "a", items: [{ key: "k", path: "..data" }] } }),
  "an absolute path": withVolume({ configMap: { name: "a", items: [{ key: "k", path: "/data" }] } }),
  "a key's mode": withVolume({ configMap: { name: "a", items: [{ key: "k", path: "k", mode: -1 }] } }),
  "a ConfigMap without a name": withVolume({ configMap: {} }),
  "a claim without a name": withVolume({ persistentVolumeClaim: {} }),
  "a kind of host path": withVolume({ hostPath: { path: "/a", type: "Folder" } }),
  "no host path": withVolume({ hostPath: { path: "" } }),
  "a file of no field": withVolume({ downwardAPI: { items: [{ path: "a" }] } }),
  "a file of another field": withVolume({
    downwardAPI: { items: [{ path: "a", fieldRef: { fieldPath: "status.podIP" } }] },
  }),
  "a file without a path": withVolume({ downwardAPI: { items: [{ fieldRef: { fieldPath: "metadata.name" } }] } }),
  "a projected secret without a name": projecting({ secret: {} }),
  "two in one source": projecting({ secret: { name: "a" }, configMap: { name: "a" } }),
  "a short token": projecting({ serviceAccountToken: { path: "t", expirationSeconds: 5 } }),
  "a token without a path": projecting({ serviceAccountToken: {} }),
};

const containers: Readonly<Record<string, object>> = {
  "a long name of a port": withPort({ name: "a-very-long-port-name" }),
  "a port's name in capitals": withPort({ name: "HTTP" }),
  "a port's name of numbers": withPort({ name: "8080" }),
  "a port's name with hyphens": withPort({ name: "-a--b-" }),
  "two ports of a name": pod(
    {},
    {
      ports: [
        { name: "a", containerPort: 80 },
        { name: "a", containerPort: 81 },
      ],
    },
  ),
  "a port of the host": withPort({ hostPort: 70_000 }),
  "another port of the host": pod({ hostNetwork: true }, { ports: [{ containerPort: 80, hostPort: 81 }] }),
  "a variable from nowhere": variable({}),
  "a variable of a secret without a name": variable({ secretKeyRef: { key: "k" } }),
  "a variable of a secret without a key": variable({ secretKeyRef: { name: "a" } }),
  "a variable of a wrong key": variable({ configMapKeyRef: { name: "A_B", key: "a b" } }),
  "a variable of no resource": variable({ resourceFieldRef: { resource: "limits.time" } }),
  "variables from nowhere": pod({}, { envFrom: [{}] }),
  "variables of a map without a name": pod({}, { envFrom: [{ configMapRef: {} }] }),
  "variables of two": pod({}, { envFrom: [{ configMapRef: { name: "a" }, secretRef: { name: "a" } }] }),
  "a resource of no kind": limited({ ram: "1Gi" }),
  "a resource of quotas": limited({ pods: "1" }),
  "less than nothing": limited({ cpu: "-1" }),
  "an ill name of a resource": limited({}, { "a b": "1" }),
  "where messages are": pod({}, { terminationMessagePolicy: "Log" }),
  "a probe of port 0": pod({}, { livenessProbe: { httpGet: { port: 0 } } }),
  "a probe of a long name": pod({}, { livenessProbe: { tcpSocket: { port: "a-very-long-port-name" } } }),
  "a probe by another scheme": pod({}, { readinessProbe: { httpGet: { port: 80, scheme: "FTP" } } }),
  "a probe of no command": pod({}, { startupProbe: { exec: { command: [] } } }),
  "a probe's numbers": pod(
    {},
    { readinessProbe: { exec: { command: ["ls"] }, initialDelaySeconds: -1, failureThreshold: -2 } },
  ),
  "a hook of nothing": pod({}, { lifecycle: { preStop: {} } }),
};

const pods: Readonly<Record<string, object>> = {
  "a deadline of nothing": pod({ activeDeadlineSeconds: 0 }),
  "a host's name": pod({ hostname: "A_B", subdomain: "a.b" }),
  "names by nobody": pod({ dnsPolicy: "None" }),
  "names by no server": pod({ dnsPolicy: "None", dnsConfig: { searches: ["a.b"] } }),
  "a toleration's effect": pod({ tolerations: [{ key: "a", operator: "Exists", effect: "Never" }] }),
  "a toleration for a time": pod({ tolerations: [{ key: "a", operator: "Exists", tolerationSeconds: 5 }] }),
  "a toleration's key": pod({ tolerations: [{ key: "a b", operator: "Exists" }] }),
  "no terms of nodes": onNodes(),
  "an operator": asking({ operator: "Like" }),
  "no values": asking({ operator: "In" }),
  "values of none": asking({ operator: "Exists", values: ["b"] }),
  "two values to compare": asking({ operator: "Gt", values: ["1", "2"] }),
  "a key": asking({ key: "a b", operator: "Exists" }),
};

const services: Readonly<Record<string, object>> = {
  "a name that begins with a number": map({ spec: { ports: [{ port: 80 }] } }, { name: "1a" }),
  "no ports": map({ spec: { selector: { a: "b" } } }),
  "two ports without names": map({ spec: { ports: [{ port: 80 }, { port: 81 }] } }),
  "two ports of a name": map({
    spec: {
      ports: [
        { name: "a", port: 80 },
        { name: "a", port: 81 },
      ],
    },
  }),
  "a port's name": map({ spec: { ports: [{ name: "A", port: 80 }] } }),
  "a target of a long name": map({ spec: { ports: [{ port: 80, targetPort: "a-very-long-port-name" }] } }),
  "a selector": map({ spec: { ports: [{ port: 80 }], selector: { "a b": "c" } } }),
};

const typed = (type: string, data: object = {}, metadata: object = {}) => ({
  path: SECRETS,
  body: map({ type: `kubernetes.io/${type}`, data }, metadata),
});
const LARGE = "a".repeat(2 ** 20);
const maps: Readonly<Record<string, Ask>> = {
  "a certificate without its key": typed("tls", { "tls.crt": "YQ==" }),
  "a registry without its account": typed("dockerconfigjson"),
  "nobody's name and password": typed("basic-auth"),
  "a name without a password": typed("basic-auth", { username: "YQ==" }),
  "no key of a shell": typed("ssh-auth"),
  "the token of nobody": typed("service-account-token"),
  "a large secret": { path: SECRETS, body: map({ stringData: { a: LARGE, b: "b" } }) },
  "a large map": { path: MAPS, body: map({ data: { a: LARGE, b: "b" } }) },
  "a map as large as can be": { path: `${MAPS}?dryRun=All`, body: map({ data: { a: LARGE } }, { name: "A" }) },
  "a key twice": { path: MAPS, body: map({ data: { a: "b" }, binaryData: { a: "YQ==" } }) },
  "large annotations": { path: MAPS, body: map({}, { annotations: { a: LARGE.slice(0, 2 ** 18) } }) },
};

onKubernetes("the rules of the real API server for the parts of pods", (shared) => {
  const expectSame = twoApis(shared);
  for (const [group, cases] of Object.entries({ volumes, containers, pods })) {
    it.concurrent.for(Object.entries(cases))(`${group}: %s`, async ([, body]) => {
      await expectSame([{ path: PODS, body }]);
    });
  }
  it.concurrent.for(Object.entries(maps))("maps and secrets: %s", async ([, ask]) => {
    await expectSame([ask]);
  });
  it.concurrent.for(Object.entries(services))("services: %s", async ([, body]) => {
    await expectSame([{ path: `${NS}/services`, body }]);
  });
});

import { it } from "vitest";
import { onKubernetes } from "../support/kube/on-kubernetes.ts";
import { APPS, deployment, main, map, NS, PODS, pod, template } from "../support/kube/same-objects.ts";
import { twoApis } from "../support/kube/two-apis.ts";

const exec = { exec: { command: ["ls"] } };
const volumes = [{ name: "v", emptyDir: {} }];
const mounting = (mount: object) => pod({ volumes }, { volumeMounts: [{ name: "v", mountPath: "/v", ...mount }] });
const field = (fieldPath: string) => ({ valueFrom: { fieldRef: { fieldPath } } });

const pods: Readonly<Record<string, object>> = {
  "an init container of a container's name": pod({ initContainers: [main] }),
  "a probe of an init container": pod({ initContainers: [{ name: "b", image: "demo:1", livenessProbe: exec }] }),
  "two handlers in a probe": pod({}, { livenessProbe: { ...exec, httpGet: { port: 80 } } }),
  "no handler in a probe": pod({}, { readinessProbe: { periodSeconds: 5 } }),
  "two successes of a liveness probe": pod({}, { livenessProbe: { ...exec, successThreshold: 2 } }),
  "two successes of a sidecar's startup probe": pod({
    initContainers: [
      { name: "b", image: "demo:1", restartPolicy: "Always", startupProbe: { ...exec, successThreshold: 2 } },
    ],
  }),
  "a variable's name": pod({}, { env: [{ name: "A B=", value: "x" }] }),
  "a variable's value from two places": pod({}, { env: [{ name: "A", value: "x", ...field("metadata.name") }] }),
  "a variable of no field": pod({}, { env: [{ name: "A", ...field("spec.nope") }] }),
  "a variable of labels": pod({}, { env: [{ name: "A", ...field("metadata.labels") }] }),
  "all of a pod's variable and probe": pod(
    {},
    {
      livenessProbe: { ...exec, httpGet: { port: 80 }, successThreshold: 2 },
      env: [
        { name: "A B=", value: "x" },
        { name: "C", value: "x", ...field("spec.nope") },
      ],
    },
  ),
  "a part above the volume": mounting({ subPath: "../x" }),
  "a part of the root": mounting({ subPath: "/x" }),
  "a part by variables above the volume": mounting({ subPathExpr: "$(A)/../.." }),
  "two mounts at a place": pod(
    { volumes },
    {
      volumeMounts: [
        { name: "v", mountPath: "/v" },
        { name: "v", mountPath: "/v" },
      ],
    },
  ),
  "a mount without a volume's name": mounting({ name: "" }),
  "a path of the host above itself": pod(
    { volumes: [{ name: "v", hostPath: { path: "/a/../b" } }] },
    { volumeMounts: [{ name: "v", mountPath: "/v" }] },
  ),
  "a wrong volume and one of its name": pod({ volumes: [{ name: "v", hostPath: { path: "/a/.." } }, ...volumes] }),
  "a node's label": pod({ nodeSelector: { "a b": "c" } }),
  "a toleration of any value of one value": pod({ tolerations: [{ operator: "Exists", value: "x" }] }),
  "a toleration of no key": pod({ tolerations: [{ value: "x" }] }),
  "a toleration's operator": pod({ tolerations: [{ key: "a", operator: "Is" }] }),
  "privileged without escalation": pod(
    {},
    { securityContext: { allowPrivilegeEscalation: false, privileged: true, capabilities: { drop: ["ALL"] } } },
  ),
  "processes shared with the host and the pod": pod({ hostPID: true, shareProcessNamespace: true }),
};

const deployments: Readonly<Record<string, object>> = {
  "a deployment that recreates by and by": deployment({
    strategy: { type: "Recreate", rollingUpdate: { maxSurge: 1 } },
  }),
  "a deployment's strategy": deployment({ strategy: { type: "Mine" } }),
  "a deadline before a pod is ready": deployment({ progressDeadlineSeconds: 5, minReadySeconds: 9 }),
};

const job = (restartPolicy?: string) => map({ spec: { template: { spec: { containers: [main], restartPolicy } } } });
const service = (spec: object) => map({ spec: { ports: [{ port: 80 }], ...spec } });
const JOBS = "/apis/batch/v1/namespaces/NS/jobs";

const others: Readonly<Record<string, { readonly path: string; readonly body: object }>> = {
  "a job that never ends": { path: JOBS, body: job("Always") },
  "a job of no policy": { path: JOBS, body: job() },
  "a job of another policy": { path: JOBS, body: job("Sometimes") },
  "a DaemonSet that can change no pod": {
    path: `${APPS}/daemonsets`,
    body: map({
      spec: {
        selector: { matchLabels: { app: "a" } },
        updateStrategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 0 } },
        template,
      },
    }),
  },
  "a service's type": { path: `${NS}/services`, body: service({ type: "Mine" }) },
  "a service's port": { path: `${NS}/services`, body: service({ ports: [{ port: 99_999 }] }) },
  "a service's protocol": { path: `${NS}/services`, body: service({ ports: [{ port: 80, protocol: "HTTP" }] }) },
};

onKubernetes("the rules of the real API server for what runs", (shared) => {
  const expectSame = twoApis(shared);
  it.concurrent.for(Object.entries(pods))("a pod: %s", async ([, body]) => {
    await expectSame([{ path: PODS, body }]);
  });
  it.concurrent.for(Object.entries(deployments))("%s", async ([, body]) => {
    await expectSame([{ path: `${APPS}/deployments`, body }]);
  });
  it.concurrent.for(Object.entries(others))("%s", async ([, ask]) => {
    await expectSame([ask]);
  });
});

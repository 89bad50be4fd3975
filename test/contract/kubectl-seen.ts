import { randomBytes } from "node:crypto";
import type { Command } from "./kubectl-under-test.ts";

// What controllers and nodes would have made of the workloads: more objects, and the status of all.

const PAST = "2026-01-01T00:00:00Z";
const running = { state: { running: { startedAt: PAST } }, image: "i", imageID: "i", ready: true };

/** A change of an object's status, as its owner writes it. */
function status(resource: string, name: string, body: object): Command {
  const patch = JSON.stringify({ status: body });
  return { run: ["patch", resource, name, "--subresource=status", "--type=merge", `--patch=${patch}`] };
}

const job = { template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i:1" }] } } };
const subjects = [
  { kind: "User", name: "jane", apiGroup: "rbac.authorization.k8s.io" },
  { kind: "ServiceAccount", name: "robot", namespace: "default" },
];

const objects: readonly object[] = [
  { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" }, data: { a: "1" }, binaryData: { b: "AA==" } },
  { apiVersion: "v1", kind: "Secret", metadata: { name: "keys" }, stringData: { a: "1" } },
  { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "robot" }, secrets: [{ name: "keys" }] },
  {
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { name: "most" },
    spec: { hard: { secrets: "99", "limits.cpu": "99" } },
  },
  {
    ...{ apiVersion: "v1", kind: "LimitRange", metadata: { name: "usual" } },
    spec: { limits: [{ type: "Pod", max: { memory: "99Gi" } }] },
  },
  { apiVersion: "batch/v1", kind: "Job", metadata: { name: "done" }, spec: { ...job, completions: 2 } },
  {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name: "often" },
    spec: { schedule: "* * * * *", jobTemplate: { spec: job } },
  },
  {
    ...{ apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: { name: "most" } },
    spec: { minAvailable: 1, selector: { matchLabels: { app: "web" } } },
  },
  {
    ...{ apiVersion: "apps/v1", kind: "ControllerRevision", metadata: { name: "agent-1" } },
    ...{ revision: 3, data: { spec: {} } },
  },
  {
    ...{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata: { name: "reader" } },
    rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }],
  },
  {
    ...{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", metadata: { name: "readers" } },
    ...{ roleRef: { kind: "Role", name: "reader", apiGroup: "rbac.authorization.k8s.io" }, subjects },
  },
];

const statuses: readonly Command[] = [
  status("pod", "one", {
    phase: "Running",
    podIP: "10.0.0.7",
    conditions: [
      { type: "Initialized", status: "True" },
      { type: "Ready", status: "False" },
    ],
    initContainerStatuses: [
      { name: "first", image: "i", imageID: "i", ready: true, restartCount: 0, state: { terminated: { exitCode: 0 } } },
    ],
    containerStatuses: [
      { name: "web", restartCount: 0, ...running },
      {
        ...{ name: "busy", restartCount: 2, ready: false, image: "i", imageID: "i" },
        state: { waiting: { reason: "CrashLoopBackOff", message: "back-off" } },
        lastState: { terminated: { exitCode: 1, finishedAt: PAST, reason: "Error" } },
      },
    ],
  }),
  status("pod", "two", { phase: "Failed", reason: "Evicted", message: "no room" }),
  status("deployment", "web", { replicas: 1, readyReplicas: 1, updatedReplicas: 1, availableReplicas: 1 }),
  status("daemonset", "agent", {
    desiredNumberScheduled: 3,
    currentNumberScheduled: 2,
    numberReady: 1,
    numberMisscheduled: 0,
  }),
  status("job", "done", { startTime: PAST, succeeded: 1, active: 1 }),
];

/** Of the whole cluster, so its name is nobody else's. */
const nodeName = `node-${randomBytes(4).toString("hex")}`;

const node = {
  ...{ apiVersion: "v1", kind: "Node", metadata: { name: nodeName, labels: { "node-role.kubernetes.io/worker": "" } } },
  // The real API server adds this taint by itself, for its node controller to take off again.
  spec: {
    providerID: "azure:///subscriptions/s/vm",
    taints: [{ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }],
  },
};

const nodeStatus = JSON.stringify({
  status: {
    addresses: [{ type: "InternalIP", address: "10.0.0.1" }],
    capacity: { cpu: "2", memory: "4Gi", pods: "110" },
    allocatable: { cpu: "2", memory: "4Gi", pods: "110" },
    conditions: [{ type: "Ready", status: "True", reason: "KubeletReady", message: "fine", lastHeartbeatTime: PAST }],
    nodeInfo: { kubeletVersion: "v1.34.0", osImage: "Linux", kernelVersion: "6.1", containerRuntimeVersion: "x://1" },
  },
});

const podOnNode = {
  ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "on-node" } },
  spec: {
    nodeName,
    serviceAccountName: "default",
    containers: [{ name: "c", image: "i:1", resources: { requests: { cpu: "100m" } } }],
  },
};

const event = {
  ...{ apiVersion: "v1", kind: "Event", metadata: { name: "one.1" } },
  involvedObject: { apiVersion: "v1", kind: "Pod", name: "one", namespace: "NAMESPACE" },
  ...{
    type: "Warning",
    reason: "Pulled",
    message: "pulled late",
    count: 3,
    source: { component: "kubelet", host: "node" },
  },
  ...{ firstTimestamp: PAST, lastTimestamp: PAST },
};

export const seen = { objects, statuses, node, nodeName, nodeStatus, podOnNode, event };

// Objects of the kinds that people have on a cluster, with fields for which the API server has defaults.

const metadata = (name: string, labels: Readonly<Record<string, string>> = {}) => ({ name, labels });
const account = { serviceAccountName: "default" };
const web = { name: "web", image: "web:1", ports: [{ containerPort: 80 }] };

const busy = {
  ...{ name: "busy", image: "busy" },
  env: [
    { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    { name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
    { name: "SIZE", value: "1" },
  ],
  resources: { limits: { cpu: "500m", memory: "64Mi" } },
  livenessProbe: { httpGet: { port: 80 } },
  readinessProbe: { exec: { command: ["true"] }, periodSeconds: 5 },
  volumeMounts: [{ name: "keys", mountPath: "/keys", readOnly: true }],
};

const volumes = [
  { name: "keys", secret: { secretName: "keys" } },
  { name: "settings", configMap: { name: "settings" } },
  { name: "host", hostPath: { path: "/tmp" } },
  { name: "empty" },
  { name: "token", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } },
];

const template = { metadata: { labels: { app: "web" } }, spec: { ...account, containers: [web] } };
const selector = { matchLabels: { app: "web" } };

const pods: readonly object[] = [
  {
    ...{ apiVersion: "v1", kind: "Pod", metadata: metadata("one", { app: "web" }) },
    spec: { ...account, containers: [web, busy], initContainers: [{ name: "first", image: "first:1" }], volumes },
  },
  {
    ...{ apiVersion: "v1", kind: "Pod", metadata: metadata("two", { app: "other", tier: "back" }) },
    spec: { ...account, hostNetwork: true, priorityClassName: "system-node-critical", containers: [web] },
  },
];

export const workloads: readonly object[] = [
  ...pods,
  {
    ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: metadata("web", { app: "web" }) },
    spec: { selector, template, strategy: { type: "Recreate" } },
  },
  {
    ...{ apiVersion: "apps/v1", kind: "DaemonSet", metadata: metadata("agent") },
    spec: { selector, template, updateStrategy: { rollingUpdate: { maxUnavailable: "10%" } } },
  },
  { apiVersion: "apps/v1", kind: "ReplicaSet", metadata: metadata("rows"), spec: { selector, template } },
  {
    ...{ apiVersion: "apps/v1", kind: "StatefulSet", metadata: metadata("store") },
    spec: { selector, template, serviceName: "store" },
  },
  {
    ...{ apiVersion: "v1", kind: "Service", metadata: metadata("web", { app: "web" }) },
    spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
  },
  {
    ...{ apiVersion: "v1", kind: "Service", metadata: metadata("headless") },
    spec: { clusterIP: "None", ports: [{ port: 80, name: "http", targetPort: "web" }] },
  },
  {
    ...{ apiVersion: "v1", kind: "Endpoints", metadata: metadata("hand-made") },
    subsets: [{ addresses: [{ ip: "192.0.2.1" }], ports: [{ port: 80 }] }],
  },
  {
    ...{ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", metadata: metadata("slice") },
    ...{ addressType: "IPv4", endpoints: [{ addresses: ["192.0.2.1"] }], ports: [{ port: 80 }] },
  },
  {
    ...{ apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: metadata("leader") },
    spec: { holderIdentity: "me", leaseDurationSeconds: 15 },
  },
];

const RBAC = "rbac.authorization.k8s.io";
const account = { namespace: "default", name: "bench" };

/** A service account and what lets it make and watch pods: what is measured goes through the roles. */
export const access: readonly (readonly [path: string, object: object])[] = [
  ["/api/v1/namespaces/default/serviceaccounts", { metadata: { name: account.name } }],
  [
    `/apis/${RBAC}/v1/clusterroles`,
    {
      metadata: { name: "bench" },
      rules: [{ apiGroups: [""], resources: ["pods", "nodes"], verbs: ["create", "list", "watch"] }],
    },
  ],
  [
    `/apis/${RBAC}/v1/clusterrolebindings`,
    {
      metadata: { name: "bench" },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "bench" },
      subjects: [{ kind: "ServiceAccount", ...account }],
    },
  ],
];
export const TOKEN_PATH = `/api/v1/namespaces/default/serviceaccounts/${account.name}/token`;

export function nodeName(index: number): string {
  return `node-${String(index).padStart(4, "0")}`;
}

export function nodeObject(index: number): object {
  const name = nodeName(index);
  return {
    metadata: {
      name,
      labels: { "kubernetes.io/os": "linux", "kubernetes.io/hostname": name, pool: `pool-${index % 5}` },
    },
    spec: {
      providerID: `azure:///subscriptions/0/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/${name}`,
    },
    status: {
      addresses: [{ type: "InternalIP", address: `10.1.${index >> 8}.${index & 255}` }],
      capacity: { cpu: "4", memory: "16Gi", pods: "110" },
      conditions: [
        { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" },
      ],
    },
  };
}

/** A pod as people write them, of some 1.5 kB. */
export function podObject(name: string, node: string): object {
  const env = ["SUBSCRIPTION", "RESOURCE_GROUP", "CLIENT_ID", "LOG_LEVEL"].map((variable) => ({
    name: variable,
    value: `the value of ${variable}`,
  }));
  const resources = { requests: { cpu: "100m", memory: "128Mi" }, limits: { cpu: "500m", memory: "256Mi" } };
  const probe = { httpGet: { path: "/healthz", port: 8080 }, periodSeconds: 10, failureThreshold: 3 };
  return {
    metadata: {
      name,
      labels: { app: "bench", aadpodidbinding: `binding-${name.length}` },
      annotations: { note: "made by the bench" },
    },
    spec: {
      nodeName: node,
      tolerations: [
        { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 },
      ],
      containers: [
        {
          name: "main",
          image: "registry.example/app:1.2.3",
          args: ["--verbose", "--port=8080"],
          env,
          resources,
          livenessProbe: probe,
        },
      ],
    },
  };
}

import type { SandboxFiles } from "./files.ts";

/** A node of the sandbox and what stands around it. */
export type SandboxNode = {
  readonly name: string;
  /** The node's own address. */
  readonly address: string;
  /** ARM resource ID of its VM or scale set. */
  readonly machineId: string;
  readonly providerId: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Where its NMI listens. */
  readonly nmi: { readonly host: string; readonly port: number };
  /** Whether NMI's own rules bring pods' requests there; else the sandbox does. */
  readonly hasRules: boolean;
  readonly imds: { readonly host: string; readonly port: number };
};

export type PodManifest = {
  readonly apiVersion: "v1";
  readonly kind: "Pod";
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly spec: object;
};

/**
 * MIC on the first node and NMI on every node, as pods on the host network that run the shipped programs, with the service
 * accounts that deploy/infra makes.
 */
export function componentPods(nodes: readonly SandboxNode[], files: SandboxFiles): PodManifest[] {
  return [...nodes.slice(0, 1).map((node) => micPod(node, files)), ...nodes.map((node) => nmiPod(node, files))];
}

function micPod(node: SandboxNode, files: SandboxFiles): PodManifest {
  const args = [
    "--kubeconfig=$(KUBECONFIG)",
    `--cloudconfig=${files.cloudConfig}`,
    "--leader-election-instance=$(POD_NAME)",
    "--http-probe-port=0",
    "--prometheus-port=0",
  ];
  const env = [
    { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    { name: "MIC_POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
    { name: "AZURE_ENVIRONMENT_FILEPATH", value: files.environment },
  ];
  return hostPod("mic", node, args, env);
}

function nmiPod(node: SandboxNode, files: SandboxFiles): PodManifest {
  const args = [
    "--node=$(NODE_NAME)",
    `--nmi-listen-address=${node.nmi.host}`,
    `--nmi-port=${node.nmi.port}`,
    `--metadata-ip=${node.imds.host}`,
    `--metadata-port=${node.imds.port}`,
    ...(node.hasRules ? [] : ["--skip-iptables"]),
    "--allow-network-plugin-kubenet",
    "--http-probe-port=0",
    "--prometheus-port=0",
  ];
  const env = [
    { name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
    { name: "AZURE_ENVIRONMENT_FILEPATH", value: files.environment },
  ];
  return hostPod("nmi", node, args, env, `nmi-${node.name}`);
}

function hostPod(
  program: string,
  node: SandboxNode,
  args: readonly string[],
  env: readonly object[],
  name = program,
): PodManifest {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", labels: { component: program } },
    spec: {
      nodeName: node.name,
      serviceAccountName: `aad-pod-id-${program}-service-account`,
      hostNetwork: true,
      terminationGracePeriodSeconds: 10,
      containers: [{ name: program, image: `aad-pod-identity/${program}:dev`, args, env }],
    },
  };
}

import type { SandboxFiles } from "./files.ts";
import type { SandboxNode } from "./manifests.ts";
import type { Program, Programs } from "./node/programs.ts";

/** Flags of ports, with what holds without them. */
const PORTS: Readonly<Record<string, ReadonlyMap<string, number>>> = {
  mic: new Map([
    ["http-probe-port", 8080],
    ["prometheus-port", 8888],
  ]),
  nmi: new Map([
    ["http-probe-port", 8080],
    ["prometheus-port", 9090],
  ]),
};

/**
 * The images of a node: the shipped programs, which are told where the sandbox's API server and Azure are unless a
 * manifest says it, and `busybox` for the programs of this machine.
 */
export function imagesOn(
  node: SandboxNode,
  { programs, armUrl }: { readonly programs: Programs; readonly armUrl: string },
): Programs {
  const told: Readonly<Record<string, Omit<Program, "file" | "ports">>> = {
    // Programs find their account's token by themselves only below /var/run, where nothing can be put without root.
    mic: { args: ["--kubeconfig=$(KUBECONFIG)", "--leader-election-instance=$(HOSTNAME)"] },
    nmi: {
      args: ["--kubeconfig=$(KUBECONFIG)", "--allow-network-plugin-kubenet"],
      last: node.hasRules ? [] : withoutRules(node),
    },
    demo: { args: [`--arm-endpoint=${armUrl}`] },
  };
  const shipped = [...programs].map(([name, program]): readonly [string, Program] => {
    const ports = node.hasRules ? undefined : PORTS[name];
    return [name, { ...program, ...told[name], ...(ports && { ports }) }];
  });
  return new Map([["busybox", { file: "/bin/sh", isFallback: true }], ...shipped]);
}

/** Where the forwarders bring requests, in place of the rules that root makes. */
function withoutRules({ nmi, imds }: SandboxNode): readonly string[] {
  return [
    ...[`--nmi-listen-address=${nmi.host}`, `--nmi-port=${nmi.port}`],
    ...[`--metadata-ip=${imds.host}`, `--metadata-port=${imds.port}`, "--skip-iptables"],
  ];
}

/** What every container is told of the cloud: an authority for its endpoints, and where they are. */
export function cloudVariables({ ca, environment }: SandboxFiles): Readonly<Record<string, string>> {
  return { NODE_EXTRA_CA_CERTS: ca, AZURE_ENVIRONMENT_FILEPATH: environment };
}

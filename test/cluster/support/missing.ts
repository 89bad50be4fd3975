import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { cgroupsMissing } from "./cgroups.ts";

const BIN = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "aad-pod-identity-cluster", "bin");
const BUILT = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
  "coredns",
  "kubectl",
  "helm",
];
const INSTALLED = [
  "bash",
  "containerd",
  "ctr",
  "runc",
  "iptables",
  "ip",
  "nsenter",
  "unshare",
  "gcc",
  "jq",
  "openssl",
  "curl",
  "sysctl",
];

/** Why no cluster with nodes can run here; undefined when one can. */
export function clusterMissing(): string | undefined {
  if (process.platform !== "linux") return `a cluster needs Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return "a cluster's nodes need root";
  const cgroups = cgroupsMissing();
  if (cgroups !== undefined) return cgroups;
  const folders = (process.env.PATH ?? "").split(":");
  const absent = INSTALLED.filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
  if (absent.length > 0) return `not installed: ${absent.join(", ")} (test/cluster/install-packages cluster)`;
  const unbuilt = BUILT.filter((name) => !existsSync(join(BIN, name)));
  if (unbuilt.length > 0) return `not built: ${unbuilt.join(", ")} (test/cluster/build-programs)`;
  return undefined;
}

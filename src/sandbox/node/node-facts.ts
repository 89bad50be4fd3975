import { arch, release, type } from "node:os";
import type { NodeSystemInfo } from "kubernetes-types/core/v1.d.ts";
import { version } from "../../base/version.ts";
import { RELEASE } from "../release.ts";

/** What Kubernetes calls processors that Node calls otherwise. */
const PROCESSORS: Readonly<Record<string, string>> = { x64: "amd64" };

/** The labels that a kubelet gives its node by itself. */
export function nodeLabels(name: string): Readonly<Record<string, string>> {
  const { architecture, operatingSystem } = nodeInfo();
  return {
    "kubernetes.io/arch": architecture,
    "kubernetes.io/os": operatingSystem,
    "kubernetes.io/hostname": name,
  };
}

/** What a kubelet tells of itself and the machine; the sandbox's nodes have no numbers of their own. */
export function nodeInfo(): NodeSystemInfo {
  return {
    ...{ architecture: PROCESSORS[arch()] ?? arch(), operatingSystem: "linux" },
    ...{ kernelVersion: release(), osImage: type() },
    ...{ kubeletVersion: RELEASE, kubeProxyVersion: "", containerRuntimeVersion: `process://${version.version}` },
    ...{ machineID: "", systemUUID: "", bootID: "" },
  };
}

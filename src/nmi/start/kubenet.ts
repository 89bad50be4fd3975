import { readFile } from "node:fs/promises";
import { Fault } from "../../base/fault.ts";
import type { NmiConfig } from "./options.ts";

type Settings = Pick<NmiConfig, "allowKubenet" | "kubeletConfig" | "skipIptables">;

const PAGE = "https://azure.github.io/aad-pod-identity/docs/configure/aad_pod_identity_on_kubenet/";
/** As the original looked for it, in comments too. */
const ORIGINAL = "--network-plugin=kubenet";
/** Other words for it: a flag and its value apart or in quotes, and the setting of old KubeletConfigurations. */
const OTHERS = [
  /--network-plugin[\s=]\s*["']?kubenet\b/,
  /["']--network-plugin["']\s*,\s*["']kubenet["']/,
  /\bnetworkPluginName["']?\s*:\s*["']?kubenet\b/,
];

/** Whether a kubelet's file of flags or settings tells that the node's network plugin is kubenet. */
export function isKubenet(text: string): boolean {
  if (text.includes(ORIGINAL)) return true;
  const active = text
    .split("\n")
    .filter((line) => !/^\s*#/.test(line))
    .join("\n")
    .replaceAll(/\\\r?\n/g, " ");
  return OTHERS.some((pattern) => pattern.test(active));
}

/**
 * Keeps NMI off nodes with kubenet, where a pod with NET_RAW can take another pod's address, which is who it is to NMI.
 * The file is all that is looked at: a kubelet that has its plugin from a container runtime tells it nowhere.
 * @throws Fault PLATFORM_UNSUPPORTED or FILE_UNREADABLE
 */
export async function refuseKubenet({ allowKubenet, kubeletConfig, skipIptables }: Settings): Promise<void> {
  if (allowKubenet || skipIptables) return; // what redirects in NMI's place answers for the network
  if (!isKubenet(await read(kubeletConfig))) return;
  const message =
    `AAD Pod Identity is not supported for Kubenet. Review ${PAGE} for more details. ${kubeletConfig} names it; where a ` +
    "policy keeps NET_RAW from pods, start NMI with --allow-network-plugin-kubenet";
  throw new Fault("PLATFORM_UNSUPPORTED", message);
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message =
      `failed to check if CNI plugin is kubenet, error: ${why}. Mount the node's file with the kubelet's flags there ` +
      "(type FileOrCreate), name another with --kubelet-config, or leave the check out with --allow-network-plugin-kubenet";
    throw new Fault("FILE_UNREADABLE", message, { cause });
  }
}

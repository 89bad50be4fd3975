import { readFileSync } from "node:fs";
import { Fault } from "../../base/fault.ts";
import { PATH } from "../node/environment.ts";
import type { Guard } from "../node/guard.ts";
import type { ClusterNetwork, NetworkKind } from "./cluster-network.ts";
import { startLoopback } from "./loopback.ts";
import { startNamespaces } from "./namespaces.ts";
import { findTools } from "./tools.ts";

export type NetworkWish = "auto" | NetworkKind;

export type NetworkChoice = {
  readonly wish: NetworkWish;
  readonly guard: Guard;
  readonly folder: string;
  /** Why pods could not reach all that they need from namespaces; nothing when they could. */
  readonly obstacle?: string | undefined;
  /** Where its programs are looked for. */
  readonly path?: string;
};
/** A network, and in one line which it is and why. */
export type ChosenNetwork = { readonly network: ClusterNetwork; readonly says: string };

/**
 * Starts the network that was wished for; by itself namespaces where the machine has them, and else forwarders.
 * @throws Fault PLATFORM_UNSUPPORTED when namespaces were wished for and cannot be had
 */
export async function chooseNetwork(choice: NetworkChoice): Promise<ChosenNetwork> {
  if (choice.wish === "forwarders") return { network: await startLoopback(), says: says("forwarders", "as asked") };
  const found = await tryNamespaces(choice);
  if (typeof found !== "string") return { network: found, says: says("namespaces") };
  if (choice.wish === "auto") return { network: await startLoopback(), says: says("forwarders", `as ${found}`) };
  const message = `--network=namespaces cannot be had here, as ${found}: change that, or leave the option out`;
  throw new Fault("PLATFORM_UNSUPPORTED", message);
}

function says(kind: NetworkKind, why?: string): string {
  if (kind === "namespaces") return "namespaces: each pod has its own, and iptables redirects 169.254.169.254 to NMI";
  return `forwarders on loopback addresses, ${why}`;
}

/** The network, or why there is none. */
async function tryNamespaces({
  obstacle,
  path = PATH,
  guard,
  folder,
}: NetworkChoice): Promise<ClusterNetwork | string> {
  if (obstacle !== undefined) return obstacle;
  const tools = findTools(path);
  if (Array.isArray(tools)) return `${tools.join(", ")} ${tools.length > 1 ? "are" : "is"} not installed`;
  return await startNamespaces({ tools: tools as Exclude<typeof tools, readonly string[]>, guard, folder }).catch(
    (reason) => {
      if (!Fault.is(reason, "PLATFORM_UNSUPPORTED")) throw reason;
      return whyNot(settingOf, reason.message);
    },
  );
}

/** Settings of kernels that keep user namespaces from whoever is not root, and the value that does. */
const LOCKS = [
  { setting: "kernel.apparmor_restrict_unprivileged_userns", off: "1" },
  { setting: "kernel.unprivileged_userns_clone", off: "0" },
  { setting: "user.max_user_namespaces", off: "0" },
  { setting: "user.max_net_namespaces", off: "0" },
];

/** The setting that explains a failure, or what the program that failed said. */
export function whyNot(settingOf: (name: string) => string | undefined, said: string): string {
  const lock = LOCKS.find(({ setting, off }) => settingOf(setting) === off);
  if (lock === undefined) return `this machine does not let us (${said})`;
  return `unprivileged user namespaces are off (${lock.setting}=${lock.off})`;
}

function settingOf(name: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${name.replaceAll(".", "/")}`, "utf8").trim();
  } catch {
    return undefined; // not a setting of this kernel
  }
}

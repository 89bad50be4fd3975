import { accessSync, constants } from "node:fs";
import { join } from "node:path";

/** What makes and enters namespaces and keeps rules: util-linux, iproute2 and iptables. By full path. */
export type Tools = Readonly<Record<ToolName, string>>;

const NEEDED = ["unshare", "nsenter", "ip", "iptables", "iptables-save", "iptables-restore"] as const;
type ToolName = (typeof NEEDED)[number];

/** Finds the programs in the folders of a PATH; those that are missing are told by name. */
export function findTools(path: string, isThere: (file: string) => boolean = isExecutable): Tools | readonly string[] {
  const folders = path.split(":");
  const found = NEEDED.map((name) => [name, folders.map((folder) => join(folder, name)).find(isThere)] as const);
  const missing = found.filter(([, file]) => file === undefined).map(([name]) => name);
  return missing.length > 0 ? missing : (Object.fromEntries(found) as Tools);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

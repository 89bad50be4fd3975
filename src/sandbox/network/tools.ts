import { findProgram } from "../../base/program-path.ts";

/** What makes and enters namespaces and keeps rules: util-linux, iproute2 and iptables. By full path. */
export type Tools = Readonly<Record<ToolName, string>>;

const NEEDED = ["unshare", "nsenter", "ip", "iptables", "iptables-save", "iptables-restore"] as const;
type ToolName = (typeof NEEDED)[number];

/** Finds the programs in the folders of a PATH; those that are missing are told by name. */
export function findTools(path: string, isThere?: (file: string) => boolean): Tools | readonly string[] {
  const found = NEEDED.map((name) => [name, findProgram(name, path, isThere)] as const);
  const missing = found.filter(([, file]) => file === undefined).map(([name]) => name);
  return missing.length > 0 ? missing : (Object.fromEntries(found) as Tools);
}

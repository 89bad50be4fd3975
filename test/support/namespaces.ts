import { spawnSync } from "node:child_process";
import { findTools } from "../../src/sandbox/network/tools.ts";
import { PATH } from "../../src/sandbox/node/environment.ts";

/** Why nobody who is not root can have networks of their own here; undefined when they can. */
export function namespacesMissing(): string | undefined {
  const tools = findTools(PATH);
  if (Array.isArray(tools)) return `not installed: ${tools.join(", ")}`;
  const { status } = spawnSync("unshare", ["-U", "-r", "-n", "ip", "link", "set", "lo", "up"]);
  return status === 0 ? undefined : "this machine lets nobody make user namespaces";
}

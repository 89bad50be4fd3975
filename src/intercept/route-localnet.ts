import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../base/fault.ts";

/**
 * Lets packets that were redirected to loopback in, which a kernel refuses by itself; true if that had to be changed.
 * `folder` is the node's /proc/sys/net: a container without privileges sees its own read-only.
 * @throws Fault ROUTE_LOCALNET_OFF
 */
export async function ensureRouteLocalnet(folder: string): Promise<boolean> {
  const file = join(folder, "ipv4/conf/all/route_localnet");
  try {
    if ((await readFile(file, "utf8")).trim() === "1") return false;
    await writeFile(file, "1\n");
    return true;
  } catch (reason) {
    const code = (reason as NodeJS.ErrnoException).code ?? String(reason);
    const message = `redirected requests do not reach NMI: net.ipv4.conf.all.route_localnet is not 1 and ${file} cannot be changed (${code}); run \`sysctl -w net.ipv4.conf.all.route_localnet=1\` on the node, or mount its /proc/sys/net and name the place with --proc-sys-net`;
    throw new Fault("ROUTE_LOCALNET_OFF", message, { cause: reason });
  }
}

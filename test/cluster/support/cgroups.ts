import { accessSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What runc and kubelet need: of cgroup v1 a hierarchy each, of v2 to hand on to a node's cgroup. */
const V1 = ["cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids"];
const V2 = ["cpu", "cpuset", "io", "memory", "pids"];

/**
 * Why a node can have no cgroup of its own here, by v2 where that is all there is, by v1 else; undefined when it can.
 * A cgroup with processes hands on nothing that it did not before, except the machine's first, which alone has no type.
 */
export function cgroupsMissing(folder = "/sys/fs/cgroup"): string | undefined {
  if (!existsSync(join(folder, "cgroup.controllers"))) {
    const missing = V1.filter((name) => !isWritable(join(folder, name)));
    return lacking(missing, "no writable cgroup v1 controllers", " here, and no cgroup v2 alone");
  }
  if (!isWritable(folder)) return `${folder} is not writable, and a node needs a cgroup of its own`;
  const isFirst = !existsSync(join(folder, "cgroup.type"));
  const lists = isFirst ? ["cgroup.controllers", "cgroup.subtree_control"] : ["cgroup.subtree_control"];
  const offered = lists.flatMap((list) => readFileSync(join(folder, list), "utf8").trim().split(" "));
  const missing = V2.filter((name) => !offered.includes(name));
  return lacking(missing, `${folder} does not hand on the cgroup v2 controllers`, ", which a node needs");
}

const lacking = (names: readonly string[], what: string, why: string) =>
  names.length > 0 ? `${what} ${names.join(", ")}${why}` : undefined;

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, 2);
    return true;
  } catch {
    return false;
  }
}

import { readdirSync, readFileSync } from "node:fs";

/** Whether a process runs. One that has ended does not, even if nobody has asked for its exit code yet. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !/\) [ZX] /.test(stat);
  } catch {
    return false;
  }
}

/** The processes that a process has started, theirs too. */
export function descendants(pid: number): number[] {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: parentOf(Number(name)) }));
  const children = (of: number): number[] => {
    const own = parents.filter(({ parent }) => parent === of).map((child) => child.pid);
    return [...own, ...own.flatMap(children)];
  };
  return children(pid);
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}

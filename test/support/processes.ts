import { readFileSync } from "node:fs";

/** Whether a process runs. One that has ended does not, even if nobody has asked for its exit code yet. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !/\) [ZX] /.test(stat);
  } catch {
    return false;
  }
}

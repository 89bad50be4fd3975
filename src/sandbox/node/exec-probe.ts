import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import type { Knocked } from "./prober.ts";
import { type ProcessOptions, startProcess } from "./process.ts";

/** As much as a kubelet tells of what a command printed. */
const MOST_SAID = 10 * 1024;

/** Carries out the command of a probe: nothing when it went well, else what it printed, and by itself how it ended. */
export async function askCommand(command: ProcessOptions, timeoutMs: number): Promise<Knocked> {
  const logFile = `${command.logFile}.${randomUUID()}`;
  let isLate = false;
  try {
    const running = await startProcess({ ...command, logFile });
    const timer = setTimeout(() => {
      isLate = true;
      running.stop(0);
    }, timeoutMs);
    const code = await running.exited;
    clearTimeout(timer);
    if (isLate) return `command timed out after ${timeoutMs / 1000}s`;
    if (code === 0) return "";
    return (await readFile(logFile, "utf8")).slice(0, MOST_SAID).trim() || `the command ended with ${code}`;
  } finally {
    await rm(logFile, { force: true });
  }
}

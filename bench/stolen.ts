import { readFileSync } from "node:fs";

/** Processor time of a whole machine since it began, in ticks. */
export type Times = { readonly busy: number; readonly stolen: number };

/** Reads the first line of /proc/stat: `cpu user nice system idle iowait irq softirq steal …` (man 5 proc_stat). */
export function readTimes(stat = readFileSync("/proc/stat", "utf8")): Times {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, stolen = 0] = stat
    .split("\n", 1)
    .join()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return { busy: user + nice + system + irq + softirq, stolen };
}

/**
 * How much of the time that a virtual machine wanted its host gave to others, in percent. Where that is much, what was
 * measured tells more of them than of the program.
 */
export function stolenPercent(before: Times, after: Times): number {
  const stolen = after.stolen - before.stolen;
  const wanted = after.busy - before.busy + stolen;
  return wanted === 0 ? 0 : (100 * stolen) / wanted;
}

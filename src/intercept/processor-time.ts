import { readFileSync } from "node:fs";

/** Linux counts in hundredths of a second towards programs, whatever the kernel itself counts in. */
const TICK_MS = 10;

/** The processor time of all programs that this process has run to their end, in milliseconds. */
export function spentByProgramsMs(): number {
  const { ofChildren } = spentBy("self");
  return ofChildren;
}

/** That of another process and of all programs that it has run to their end; 0 where there is none. */
export function spentByMs(pid: number): number {
  try {
    const { own, ofChildren } = spentBy(`${pid}`);
    return own + ofChildren;
  } catch {
    return 0;
  }
}

function spentBy(process: string): { readonly own: number; readonly ofChildren: number } {
  const stat = readFileSync(`/proc/${process}/stat`, "utf8");
  // The second field, a name in parentheses, may hold anything; user and kernel time are the 14th to 17th.
  const [own = 0, ownKernel = 0, ofChildren = 0, ofChildrenKernel = 0] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 15)
    .map(Number);
  return { own: (own + ownKernel) * TICK_MS, ofChildren: (ofChildren + ofChildrenKernel) * TICK_MS };
}

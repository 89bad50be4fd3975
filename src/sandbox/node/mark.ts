import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";

/** The environment variable by which a process is known, whatever session or parent it has moved to. */
export const MARK = "AAD_POD_IDENTITY_SANDBOX";

/** A value of it that nobody else has: of a sandbox, and of one of its programs where `of` is the sandbox's. */
export function newMark(of?: string): string {
  return of === undefined ? randomUUID() : `${of}/${randomUUID()}`;
}

/** A process may be starting another one while it is looked for. */
const MOST_ROUNDS = 10;

let sought = new Set<string>();
let search: Promise<void> = Promise.resolve();

/** Kills every process that carries the mark, until there is none. Only those of the own user can be seen. */
export async function killMarked(mark: string): Promise<void> {
  sought.add(mark);
  search = search.then(killSought); // one after the other: what comes meanwhile is sought all at once
  await search;
}

async function killSought(): Promise<void> {
  const marks = sought;
  sought = new Set();
  for (let round = 1; marks.size > 0 && round <= MOST_ROUNDS; round += 1) {
    let count = 0;
    for (const pid of await readdir("/proc").catch(() => [])) {
      if (!/^\d+$/.test(pid) || !marks.has(await markOf(pid))) continue;
      kill(Number(pid));
      count += 1;
    }
    if (count === 0 && round > 1) return;
  }
}

/** Nothing for a process that has none, has ended, or is another user's. */
async function markOf(pid: string): Promise<string> {
  const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
  const variable = environment.split("\0").find((each) => each.startsWith(`${MARK}=`)) ?? "";
  return variable.slice(MARK.length + 1);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it has ended by itself
  }
}

import { rm, writeFile } from "node:fs/promises";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";

const LOOK_EVERY_MS = 250;

/** The file that a probe of this very NMI looks for. */
export type StartedFile = { tell(isActive: () => boolean, clock: Clock, signal: AbortSignal): Promise<void> };

/**
 * Two NMIs of a node share their ports while one follows the other, so a probe by HTTP of one may be answered by the other.
 * The file is each container's own: it is not there at first, and `tell` makes it once pods are served. An empty path asks
 * for no file. @throws Fault FILE_UNWRITABLE
 */
export async function startedFile(path: string): Promise<StartedFile> {
  if (path !== "") await written(path, rm(path, { force: true }));
  return {
    async tell(isActive, clock, signal) {
      if (path === "") return;
      while (!isActive()) {
        await clock.sleep(LOOK_EVERY_MS, signal).catch(() => {});
        if (signal.aborted) return;
      }
      await written(path, writeFile(path, ""));
    },
  };
}

async function written(path: string, change: Promise<void>): Promise<void> {
  try {
    await change;
  } catch (reason) {
    const why = reason instanceof Error && "code" in reason ? reason.code : reason;
    const message = `cannot write ${path} (${why}): correct --started-file or the folder's permissions`;
    throw new Fault("FILE_UNWRITABLE", message, { cause: reason, facts: { why: String(why) } });
  }
}

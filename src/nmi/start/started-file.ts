import { rename, rm, writeFile } from "node:fs/promises";
import { uptime } from "node:os";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { healthText } from "./probes.ts";

const LOOK_EVERY_MS = 250;
/** What asks whether this NMI still moves allows for several of these. */
const BEAT_EVERY_MS = 5_000;

type Health = { readonly isActive: () => boolean; readonly trouble: () => string | undefined };
/** The file that probes of this very NMI look at. */
export type StartedFile = { tell(health: Health, clock: Clock, signal: AbortSignal): Promise<void> };

/**
 * Two NMIs of a node share their ports while one follows the other, or one has them for itself, so a probe by HTTP of one may
 * be answered by the other. The file is each container's own. It is not there at first; `tell` makes it once pods are
 * served, keeps it up to date and removes it in the end. Its first line says in seconds how long the node was up when NMI last
 * wrote, which it does again and again; the second one `Active`, or why it is not. An empty path asks for no file.
 * @throws Fault FILE_UNWRITABLE
 */
export async function startedFile(path: string): Promise<StartedFile> {
  if (path !== "") await written(path, rm(path, { force: true }));
  return {
    async tell(health, clock, signal) {
      if (path === "") return;
      const pause = () => clock.sleep(LOOK_EVERY_MS, signal).catch(() => {});
      while (!health.isActive() && !signal.aborted) await pause();
      if (signal.aborted) return;
      await written(path, replaced(path, healthText(health)));
      await keepUpToDate(path, health, { clock, signal, pause });
      await rm(path, { force: true });
    },
  };
}

type Times = { readonly clock: Clock; readonly signal: AbortSignal; readonly pause: () => Promise<void> };

async function keepUpToDate(path: string, health: Health, { clock, signal, pause }: Times): Promise<void> {
  let told = healthText(health);
  let at = clock.monotonic();
  while (!signal.aborted) {
    await pause();
    const text = healthText(health);
    if (text === told && clock.monotonic() - at < BEAT_EVERY_MS) continue;
    [told, at] = [text, clock.monotonic()];
    await replaced(path, text).catch(() => {}); // a file that stays old tells it
  }
}

/** In one step, or a probe might see half of it. */
async function replaced(path: string, text: string): Promise<void> {
  await writeFile(`${path}.next`, `${Math.floor(uptime())}\n${text}\n`);
  await rename(`${path}.next`, path);
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

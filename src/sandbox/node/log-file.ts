import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import type { Container, Pod } from "kubernetes-types/core/v1.d.ts";
import type { Clock } from "../../base/clock.ts";

const LOOK_AGAIN_MS = 100;

/** Where the log of a container is kept. */
export function logFileOf(folder: string, { metadata }: Pod, container: Container): string {
  return join(folder, "logs", `${metadata?.namespace}_${metadata?.name}_${container.name}.log`);
}

type Following = {
  readonly file: string;
  /** Whether nothing will be added any more. */
  readonly isOver: () => boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

/**
 * What is in a log, and what is added to it, until it is over. It looks ten times a second: the system's change
 * notices are few on many machines, and used up by editors and build tools.
 */
export async function* followLog({ file, isOver, clock, signal }: Following): AsyncGenerator<string> {
  await using handle = await openOnceThere(file, clock, signal);
  const decoder = new StringDecoder("utf8");
  const chunk = Buffer.alloc(64 * 1024);
  for (;;) {
    const over = isOver(); // asked before reading, so that nothing written before the end is missed
    const { bytesRead } = await handle.read(chunk, 0, chunk.length);
    if (bytesRead > 0) yield decoder.write(chunk.subarray(0, bytesRead));
    else if (over) return;
    else await clock.sleep(LOOK_AGAIN_MS, signal);
  }
}

async function openOnceThere(file: string, clock: Clock, signal: AbortSignal): Promise<FileHandle> {
  for (;;) {
    try {
      return await open(file, "r");
    } catch (reason) {
      if ((reason as NodeJS.ErrnoException).code !== "ENOENT") throw reason;
      await clock.sleep(LOOK_AGAIN_MS, signal);
    }
  }
}

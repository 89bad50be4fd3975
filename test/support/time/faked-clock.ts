import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where Debian's package libfaketime puts its library. */
function library(): string | undefined {
  const folders = readdirSync("/usr/lib").map((name) => `/usr/lib/${name}/faketime/libfaketime.so.1`);
  return folders.find(existsSync);
}

/** Why processes cannot be given a clock of their own here; undefined when they can. */
export function fakedClockMissing(): string | undefined {
  return library() === undefined ? "libfaketime is not installed" : undefined;
}

export type FakedClock = AsyncDisposable & {
  /** What a process needs in its environment to live by this clock. */
  readonly env: Readonly<Record<string, string>>;
  /** Sets the clock to so many seconds after the machine's, or before it. */
  set(seconds: number): Promise<void>;
};

/** A wall clock for a real process, which can be set while it runs; its monotonic clock stays the machine's. */
export async function steppedClock(): Promise<FakedClock> {
  const folder = await mkdtemp(join(tmpdir(), "clock-"));
  const file = join(folder, "clock");
  const set = async (seconds: number) => {
    await writeFile(`${file}.new`, `${seconds < 0 ? "" : "+"}${seconds}s`);
    await rename(`${file}.new`, file);
  };
  await set(0);
  const settings = { FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: "1", FAKETIME_DONT_FAKE_MONOTONIC: "1" };
  return {
    env: { LD_PRELOAD: library() ?? "", ...settings },
    set,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

/** The environment of a real process for which time passes so many times as fast, by all its clocks. */
export function fastClock(speed: number): Readonly<Record<string, string>> {
  return { LD_PRELOAD: library() ?? "", FAKETIME: `+0 x${speed}` };
}

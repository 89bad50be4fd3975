import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import { type Guard, startGuard } from "./node/guard.ts";

/** A temporary folder, and who removes it. */
export type GuardedFolder = { readonly folder: string; readonly guard: Guard };

/**
 * A new temporary folder of this user alone, which a guard knows of before it is there.
 * @throws Fault FILE_UNREADABLE
 */
export async function newFolder(stack: AsyncDisposableStack, log: Log, start = startGuard): Promise<GuardedFolder> {
  const folder = join(tmpdir(), `aad-pod-identity-${randomBytes(8).toString("hex")}`);
  const guard = stack.use(await start({ folder, log }));
  try {
    await mkdir(folder, { mode: 0o700 });
    return { folder, guard };
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    const message = `cannot make a folder in ${tmpdir()} (${code}): point TMPDIR to one that you may write to`;
    throw new Fault("FILE_UNREADABLE", message, { cause });
  }
}

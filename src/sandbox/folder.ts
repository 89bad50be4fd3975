import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "../base/fault.ts";

/** A new temporary folder. @throws Fault FILE_UNREADABLE */
export async function newFolder(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), "aad-pod-identity-"));
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    const message = `cannot make a folder in ${tmpdir()} (${code}): point TMPDIR to one that you may write to`;
    throw new Fault("FILE_UNREADABLE", message, { cause });
  }
}

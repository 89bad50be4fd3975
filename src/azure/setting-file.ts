import { readFile } from "node:fs/promises";
import { Fault } from "../base/fault.ts";

/** Reads a file that a setting names. @throws Fault FILE_UNREADABLE that names the setting which led to the file */
export type ReadFile = (file: string, setting: string) => Promise<Buffer>;

export const readSettingFile: ReadFile = async (file, setting) => {
  try {
    return await readFile(file);
  } catch (reason) {
    const why = reason instanceof Error && "code" in reason ? reason.code : reason;
    const message = `cannot read ${file} (${why}): correct ${setting} or the file's permissions`;
    throw new Fault("FILE_UNREADABLE", message, { cause: reason, facts: { why: String(why) } });
  }
};

/** The text of a file; editors of other systems put a mark of the byte order at its beginning. */
export function textOf(content: Buffer): string {
  return content.toString("utf8").replace(/^\uFEFF/, "");
}

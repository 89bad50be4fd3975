import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The first program of that name in the folders of a PATH. */
export function findProgram(name: string, path: string, isThere = isProgram): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isThere);
}

/** Whether a file is there that may be run. */
export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

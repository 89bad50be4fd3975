import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Variables } from "./environment.ts";

/** Why a program cannot be started in a folder, in the words of a container runtime; nothing when it can. */
export async function obstacleTo(file: string, env: Variables, folder: string): Promise<string | undefined> {
  if (file.includes("/")) {
    const code = await refusal(resolve(folder, file));
    if (code === undefined) return undefined;
    return `exec: "${file}": ${code === "ENOENT" ? `stat ${file}: no such file or directory` : "permission denied"}`;
  }
  for (const part of (env.PATH ?? "").split(":")) {
    if ((await refusal(resolve(folder, part, file))) === undefined) return undefined;
  }
  return `exec: "${file}": executable file not found in $PATH`;
}

async function refusal(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile() ? undefined : "EACCES";
  } catch (reason) {
    return (reason as NodeJS.ErrnoException).code ?? "EACCES";
  }
}

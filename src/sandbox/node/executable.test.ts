import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { obstacleTo } from "./executable.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "executable-"));
  await mkdir(join(folder, "bin", "folder"), { recursive: true });
  for (const name of ["there", "bin/tool", "bin/text"]) await writeFile(join(folder, name), "");
  for (const name of ["there", "bin/tool"]) await chmod(join(folder, name), 0o755);
});
afterAll(() => rm(folder, { recursive: true }));

it.each([
  { file: "tool", says: undefined },
  { file: "./there", says: undefined },
  { file: "there", says: 'exec: "there": executable file not found in $PATH' },
  { file: "text", says: 'exec: "text": executable file not found in $PATH' },
  { file: "folder", says: 'exec: "folder": executable file not found in $PATH' },
  { file: "", says: 'exec: "": executable file not found in $PATH' },
  { file: "/no/such", says: 'exec: "/no/such": stat /no/such: no such file or directory' },
  { file: "bin/text", says: 'exec: "bin/text": permission denied' },
])("finds a program by the container's PATH or by its path: '$file'", async ({ file, says }) => {
  expect(await obstacleTo(file, { PATH: `/no:${join(folder, "bin")}` }, folder)).toBe(says);
});

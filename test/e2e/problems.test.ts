import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { files, type Place, problems } from "../support/problems.ts";
import { runProgram, startProgram } from "../support/program.ts";

let place: Place;
let taken: Server;

beforeAll(async () => {
  taken = await listening();
  const closed = await listening();
  place = { folder: await mkdtemp(join(tmpdir(), "problems-")), takenPort: portOf(taken), freePort: portOf(closed) };
  await new Promise((resolve) => closed.close(resolve));
  for (const [name, make] of Object.entries(files)) await writeFile(join(place.folder, name), make(place));
});

afterAll(async () => {
  taken.close();
  await rm(place.folder, { recursive: true });
});

function listening(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** The sentence as an expression: `…` stands for anything but the end of the line. */
function pattern(sentence: string): string {
  const escaped = sentence.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return escaped.replaceAll("…", "[^\\n]*");
}

describe.concurrent("what is wrong at the start is told in one sentence", () => {
  it.each(problems)("$program: $cause", async ({ program, args, env, sentence, exit }) => {
    await using running = startProgram(program, args(place), { env: env?.(place) ?? {} });
    if (exit === undefined) {
      await running.says(new RegExp(pattern(sentence)));
      running.kill();
      expect((await running.ended).code).toBe(0);
      return;
    }
    const { code, stderr } = await running.ended;
    expect(stderr).toMatch(new RegExp(`(^|\\n)${program}: ${pattern(sentence)}\\n$`));
    expect(stderr).not.toMatch(/\n\s+at /); // a line of a stack trace
    expect(code).toBe(exit);
  });
});

describe.concurrent.each(["mic", "nmi", "demo", "podid", "identityvalidator", "simple"] as const)(
  "bin/%s",
  (program) => {
    it.each(["--help", "-h"])("tells what it takes with %s", async (flag) => {
      const { code, stdout, stderr } = await runProgram(program, [flag]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain(program);
    });

    it("tells its version as the original did", async () => {
      const { code, stdout } = await runProgram(program, ["--version"]);
      expect(stdout).toMatch(/^MIC Version: v\S+ - NMI Version: v\S+ - Commit: \S+ - Date: \S+\n$/);
      expect(code).toBe(0);
    });
  },
);

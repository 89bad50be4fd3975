import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { isRunning } from "../../test/support/processes.ts";
import { type RunCommand, runCommand } from "./command.ts";
import { fromShell } from "./from-shell.ts";
import { spentByMs } from "./processor-time.ts";

describe("a program that is run on and on", () => {
  let stop: AbortController;
  let folder: string;

  beforeEach(async () => {
    stop = new AbortController();
    folder = await mkdtemp(join(tmpdir(), "from-shell-"));
    onTestFinished(async () => {
      stop.abort();
      await rm(folder, { recursive: true });
    });
  });

  /** A program that does this; how often it was run as ever is counted. */
  async function program(script: string, options: Parameters<typeof fromShell>[2] = {}) {
    const file = join(folder, "it is saved");
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
    const counted = vi.fn<RunCommand>(runCommand);
    const { run, spentMs } = fromShell(counted, stop.signal, options);
    const times = async (count: number) => {
      const all = [];
      for (let time = 0; time < count; time += 1) all.push(await run(file, []));
      return all;
    };
    return { file, run, times, counted, spentMs };
  }

  const parentsOf = (all: readonly ({ readonly stdout: string } | undefined)[]) =>
    all.map((ran) => Number(ran?.stdout.split("\n")[0]));

  it("is run from a shell that stays, with the same answer", async () => {
    const { times, counted } = await program('echo "$PPID"; echo "# ended 0"; printf "no end of line"');
    const all = await times(6);
    expect(counted).toHaveBeenCalledTimes(3);
    const parents = parentsOf(all);
    expect(parents.slice(0, 3)).toEqual(Array(3).fill(process.pid));
    expect(new Set(parents.slice(3)).size).toBe(1);
    expect(parents[3]).not.toBe(process.pid);
    expect(all[5]).toEqual({ code: 0, stdout: `${parents[3]}\n# ended 0\nno end of line`, stderr: "" });
  });

  it("may print much", async () => {
    const { times } = await program("seq 1 200000");
    const [first, , , , last] = await times(5);
    expect(last?.stdout.length).toBeGreaterThan(1_000_000);
    expect(last).toEqual(first);
  });

  it("says why it fails, as ever", async () => {
    const { times } = await program("echo half; echo because >&2; exit 3");
    expect((await times(5)).at(-1)).toEqual({ code: 3, stdout: "half\n", stderr: "because\n" });
  });

  it("answers although its shell ends, and gets another", async () => {
    const { times } = await program('echo "$PPID"');
    const [shell = 0] = parentsOf(await times(4)).slice(3);
    process.kill(shell, "SIGKILL");
    const parents = parentsOf(await times(8));
    expect(parents[0]).toBe(process.pid);
    expect(parents.at(-1)).not.toBe(process.pid);
    expect(parents.at(-1)).not.toBe(shell);
  });

  it("answers where there is no shell", async () => {
    const { times } = await program('echo "$PPID"', { shellName: "/nowhere/sh" });
    expect(parentsOf(await times(6))).toEqual(Array(6).fill(process.pid));
  });

  it("is not waited for by the shell for longer than it may take", async () => {
    // It hangs when it is run by a shell, and tells at once who ran it otherwise.
    const { times, counted } = await program(`[ "$PPID" = ${process.pid} ] || sleep 1000; echo "$PPID"`, {
      longestMs: 100,
    });
    expect(parentsOf(await times(4))).toEqual(Array(4).fill(process.pid));
    expect(counted).toHaveBeenCalledTimes(4);
  });

  it("has its processor time known", async () => {
    const { times, spentMs } = await program("i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; echo $PPID");
    const shell = parentsOf(await times(5)).at(-1) ?? 0;
    expect(spentMs()).toBeGreaterThan(0);
    expect(spentMs()).toBe(spentByMs(shell));
  });

  it("has no shell any more when all ends", async () => {
    const { times } = await program("echo $PPID");
    const shell = parentsOf(await times(4)).at(-1) ?? 0;
    expect(isRunning(shell)).toBe(true);
    stop.abort();
    await expect.poll(() => isRunning(shell)).toBe(false);
    expect(parentsOf(await times(1))).toEqual([process.pid]);
  });

  it("is run as ever where it is given something", async () => {
    const { file, run, times, counted } = await program('echo "$1"; cat');
    await times(4);
    counted.mockClear();
    expect([await run(file, ["arg"]), await run(file, [], "text")]).toMatchObject([
      { stdout: "arg\n" },
      { stdout: "\ntext" },
    ]);
    expect(counted).toHaveBeenCalledTimes(2);
  });
});

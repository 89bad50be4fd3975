import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { access, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { isRunning } from "../../../test/support/processes.ts";
import { eventually } from "../../../test/support/time/eventually.ts";
import { createLog } from "../../base/log.ts";
import { type Guard, startGuard } from "./guard.ts";

vi.setConfig({ testTimeout: 60_000 });

const log = createLog({ write: () => {} });

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "guard-"));
  await writeFile(join(folder, "a file"), "");
  return folder;
}

/** A process in a session of its own that has a child, as the sandbox's programs may have. */
async function sleeper() {
  const parent = spawn("/bin/sh", ["-c", "sleep 600 & echo $!; wait"], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [printed] = await once(parent.stdout, "data");
  return { pid: parent.pid as number, child: Number(printed) };
}

/** The guards of a folder, by their command lines. */
function guardsOf(folder: string): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids
    .map(Number)
    .filter((pid) => isRunning(pid) && commandLine(pid).includes(`\0aad-pod-identity-guard\0${folder}`));
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

it("kills what is listed, with its children, spares what was taken off, and removes the folder", async () => {
  const folder = await temporaryFolder();
  const [listed, removed] = await Promise.all([sleeper(), sleeper()]);
  try {
    {
      await using guard = await startGuard({ folder, log });
      await guard.add(listed.pid);
      await guard.add(removed.pid);
      await guard.remove(removed.pid);
    }
    await eventually(() => isRunning(listed.pid) || isRunning(listed.child)).toBe(false);
    expect(isRunning(removed.pid) && isRunning(removed.child)).toBe(true);
    await expect(access(folder)).rejects.toThrow("ENOENT");
  } finally {
    process.kill(-removed.pid, "SIGKILL");
  }
});

it("ends what carries its mark, listed or not, and spares what carries another's", async () => {
  const [own, foreign] = [await temporaryFolder(), await temporaryFolder()];
  await using other = await startGuard({ folder: foreign, log });
  const marked = async ({ mark }: Guard) => {
    const env = { AAD_POD_IDENTITY_SANDBOX: `${mark}/1` };
    const { pid } = spawn("/bin/sleep", ["600"], { detached: true, stdio: "ignore", env });
    await eventually(() => commandLine(pid as number)).toContain("sleep"); // it has that environment now
    return pid as number;
  };
  const spared = await marked(other);
  try {
    let unlisted: number;
    {
      await using guard = await startGuard({ folder: own, log });
      unlisted = await marked(guard);
    }
    await eventually(() => isRunning(unlisted)).toBe(false);
    expect(isRunning(spared)).toBe(true);
  } finally {
    process.kill(spared, "SIGKILL");
  }
});

it("takes a process that has ended already as nothing to guard", async () => {
  const folder = await temporaryFolder();
  const { pid } = await sleeper();
  process.kill(-pid, "SIGKILL");
  await eventually(() => existsSync(`/proc/${pid}`)).toBe(false);
  await using guard = await startGuard({ folder, log });
  await guard.add(pid);
});

it("spares a process that has only got the number of one that ended", async () => {
  const folder = await temporaryFolder();
  const { pid, child } = await sleeper();
  try {
    {
      await using guard = await startGuard({ folder, log, startTime: () => "1" });
      await guard.add(pid);
    }
    expect(isRunning(pid) && isRunning(child)).toBe(true);
  } finally {
    process.kill(-pid, "SIGKILL");
  }
});

it("is replaced when it is killed, and the other one knows all that was listed", async () => {
  const folder = await temporaryFolder();
  const [before, later, removed] = await Promise.all([sleeper(), sleeper(), sleeper()]);
  try {
    {
      await using guard = await startGuard({ folder, log });
      await guard.add(before.pid);
      await guard.add(removed.pid);
      const [first] = guardsOf(folder);
      process.kill(first as number, "SIGKILL");
      await guard.add(later.pid);
      await guard.remove(removed.pid);
      await eventually(() => guardsOf(folder).filter((guard) => guard !== first).length).toBe(1);
    }
    await eventually(() => [before, later].some(({ pid, child }) => isRunning(pid) || isRunning(child))).toBe(false);
    expect(isRunning(removed.pid)).toBe(true);
    await expect(access(folder)).rejects.toThrow("ENOENT");
  } finally {
    process.kill(-removed.pid, "SIGKILL");
  }
});

it("does its work also when it is killed at the very end", async () => {
  const folder = await temporaryFolder();
  const { pid, child } = await sleeper();
  {
    await using guard = await startGuard({ folder, log });
    await guard.add(pid);
    for (const one of guardsOf(folder)) process.kill(one, "SIGKILL");
  }
  await eventually(() => isRunning(pid) || isRunning(child)).toBe(false);
  expect(existsSync(folder)).toBe(false);
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { constants } from "node:os";
import type { Writable } from "node:stream";
import type { Guard } from "./guard.ts";
import { killMarked, MARK, newMark } from "./mark.ts";

export type ProcessOptions = {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  /** What the process prints is added to the end of this file. */
  readonly logFile: string;
  readonly guard: Guard;
  /** The first process of the container that it joins; what leaves its group ends with that one. */
  readonly inside?: RunningProcess;
};

export type RunningProcess = {
  readonly pid: number;
  /** What it and all that it starts is known by. */
  readonly mark: string;
  /** The exit code, as a shell counts it: 128 and the signal's number for a process that a signal ended. */
  readonly exited: Promise<number>;
  /** Asks the process to end, and ends it and its children after `graceMs`. A later call can only shorten the wait. */
  readonly stop: (graceMs: number) => void;
};

// The program starts only when it is told to, after the guard knows of it; if nobody is left to tell, it never starts.
const GATE = 'read -r go <&3 || exit 1; exec "$@" 3<&-';

/**
 * Runs a program in a session of its own, known to the guard before its first instruction. A program that does not
 * exist ends with 127 and says so in the log file. @throws Error when the machine cannot start a process
 */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const { file, args, env, folder, logFile, guard, inside } = options;
  await using log = await open(logFile, "a");
  const mark = inside?.mark ?? newMark(guard.mark);
  const child = spawn("/bin/sh", ["-c", GATE, "sh", file, ...args], {
    cwd: folder,
    env: { ...env, [MARK]: mark },
    detached: true,
    stdio: ["ignore", log.fd, log.fd, "pipe"],
  });
  await once(child, "spawn");
  const pid = child.pid as number; // it has one since it was spawned
  const timers = new Set<NodeJS.Timeout>();
  let running = true;
  const exited = once(child, "exit").then(async ([code, signal]) => {
    running = false;
    for (const timer of timers) clearTimeout(timer);
    killGroup(pid); // a container's processes end with its first one
    if (inside === undefined) await killMarked(mark); // also those that have left its group
    await guard.remove(pid);
    return exitCode(code, signal);
  });

  await guard.add(pid);
  const gate = child.stdio[3] as Writable;
  gate.on("error", () => {}); // it was ended before it began: `exited` tells
  gate.end("go\n");
  return {
    pid,
    mark,
    exited,
    stop: (graceMs) => {
      if (!running) return;
      child.kill("SIGTERM");
      timers.add(setTimeout(() => killGroup(pid), graceMs));
    },
  };
}

function exitCode(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // nobody of the group is left
  }
}

import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

export type Ran = {
  /** The exit code; null when the program was killed, for it took too long or otherwise. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** Runs a program of the machine to its end; undefined when there is none of that name. */
export type RunCommand = (program: string, args: readonly string[], input?: string) => Promise<Ran | undefined>;

/** More than waiting for the lock of iptables may take. */
const LONGEST_RUN_MS = 30_000;

export const runCommand: RunCommand = async (program, args, input = "") => {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], timeout: LONGEST_RUN_MS });
  const ended = new Promise<number | null | undefined>((resolve) => {
    child.once("error", () => resolve(undefined));
    child.once("close", (code) => resolve(code));
  });
  child.stdin.on("error", () => {}); // it ended without reading
  child.stdin.end(input);
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return code === undefined ? undefined : { code, stdout, stderr };
};

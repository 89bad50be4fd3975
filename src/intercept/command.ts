import { spawn } from "node:child_process";

export type Ran = {
  /** The exit code; null when the program was killed, for it took too long or otherwise. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** Runs a program of the machine to its end; undefined when there is none of that name. */
export type RunCommand = (program: string, args: readonly string[], input?: string) => Promise<Ran | undefined>;

/** More than waiting for the lock of iptables may take. */
export const LONGEST_RUN_MS = 30_000;

export const runCommand: RunCommand = (program, args, input) => {
  const stdin = input === undefined ? "ignore" : "pipe";
  const child = spawn(program, args, { stdio: [stdin, "pipe", "pipe"], timeout: LONGEST_RUN_MS });
  const said = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.setEncoding("utf8").on("data", (text: string) => {
      said[stream] += text;
    });
  }
  child.stdin?.on("error", () => {}); // it ended without reading
  child.stdin?.end(input);
  return new Promise((resolve) => {
    child.once("error", () => resolve(undefined));
    child.once("close", (code) => resolve({ code, ...said }));
  });
};

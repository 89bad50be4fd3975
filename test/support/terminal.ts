import { spawn } from "node:child_process";
import { findProgram } from "../../src/base/program-path.ts";

/** Why no program can run on a terminal here; undefined when one can. */
export function terminalMissing(): string | undefined {
  const isHere = findProgram("script", process.env.PATH ?? "") !== undefined;
  return isHere ? undefined : 'there is no "script" here, which gives a program a terminal';
}

/** Runs a command of the shell on a terminal of its own, so wide; what it shows, and what a person types. */
export function onTerminal(command: string, columns: number, env: Readonly<Record<string, string>> = {}) {
  const { PATH = "", HOME = "", TMPDIR } = process.env;
  const child = spawn("script", ["-qefc", `stty cols ${columns} rows 24; exec ${command}`, "/dev/null"], {
    env: { PATH, HOME, TERM: "xterm", SHELL: "/bin/sh", ...(TMPDIR === undefined ? {} : { TMPDIR }), ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", (code) => resolve(code));
  });
  return {
    shown: () => shown,
    type: (keys: string) => void child.stdin.write(keys),
    ended,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended.catch(() => {});
    },
  };
}

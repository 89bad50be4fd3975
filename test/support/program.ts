import { spawn } from "node:child_process";
import { join } from "node:path";
import { mustBeBuilt } from "./built.ts";

const root = join(import.meta.dirname, "../..");

export type ProgramName = "mic" | "nmi" | "demo" | "podid" | "identityvalidator" | "simple";
export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };
export type RunningProgram = AsyncDisposable & {
  readonly pid: number;
  /** What it has printed so far, both streams in the order of arrival. */
  output(): string;
  /** Resolves once the output holds the text or matches. Rejects if the program ends before. */
  says(expected: string | RegExp): Promise<void>;
  readonly ended: Promise<Ended>;
  kill(signal?: NodeJS.Signals): void;
};

type Options = {
  readonly env?: Readonly<Record<string, string>>;
  /** A program and its arguments that run it in a place of its own. */
  readonly through?: readonly string[];
};

/** Starts a built program of bin/ with nothing of our own environment but PATH and HOME; disposing kills it. */
export function startProgram(
  name: ProgramName,
  args: readonly string[],
  { env = {}, through = [] }: Options = {},
): RunningProgram {
  const { PATH = "", HOME = "", TMPDIR } = process.env;
  const file = join(root, "bin", name);
  mustBeBuilt(file);
  const [command = file, ...rest] = [...through, file, ...args];
  const child = spawn(command, rest, {
    env: { PATH, HOME, ...(TMPDIR === undefined ? {} : { TMPDIR }), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const heard = { stdout: "", stderr: "", all: "" };
  const listeners = new Set<() => void>();
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      heard[stream] += text;
      heard.all += text;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout: heard.stdout, stderr: heard.stderr }));
  });
  return {
    pid: child.pid ?? 0,
    output: () => heard.all,
    ended,
    kill: (signal = "SIGTERM") => void child.kill(signal),
    says: (expected) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!(typeof expected === "string" ? heard.all.includes(expected) : expected.test(heard.all))) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        const tooEarly = () => reject(new Error(`${name} ended before it said ${expected}:\n${heard.all}`));
        ended.then(tooEarly, reject);
        look();
      }),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended.catch(() => {});
    },
  };
}

/** Runs a built program to its end. */
export async function runProgram(name: ProgramName, args: readonly string[], options: Options = {}): Promise<Ended> {
  await using program = startProgram(name, args, options);
  return await program.ended;
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { mustBeBuilt } from "../built.ts";

export type Env = Readonly<Record<string, string>>;

const root = join(import.meta.dirname, "../../..");
/** How MIC is started: from its source, or as it is shipped. */
export const micCommands = {
  source: [process.execPath, join(root, "src/bin/mic.ts")],
  built: [join(root, "bin/mic")],
} as const;

/** MIC as a process of its own; disposing kills it. */
export class MicProcess implements AsyncDisposable {
  readonly #process: ChildProcess;
  /** Its exit code; null when it was killed. */
  readonly exit: Promise<unknown>;
  text = "";

  constructor(args: readonly string[], env: Env, command: readonly [string, ...string[]] = micCommands.source) {
    const [program, ...first] = command;
    mustBeBuilt(program);
    this.#process = spawn(program, [...first, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        this.text += chunk;
      });
    }
    this.exit = once(this.#process, "close").then(([code]) => code);
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Resolves once it has said so; rejects with all that it said if it ends before. */
  async says(words: RegExp): Promise<void> {
    const ended = this.exit.then((code) => `it ended with ${code}`);
    while (!words.test(this.text)) {
      const end = await Promise.race([ended, setTimeout(50)]);
      if (end !== undefined) throw new Error(`${end}, and never said ${words}:\n${this.text}`);
    }
  }

  /** Ends it as Kubernetes ends a pod, so that the next leader need not wait; gives the exit code. */
  async stop(): Promise<unknown> {
    this.kill("SIGTERM");
    return await this.exit;
  }

  /** What a port answers that the program says in its log. */
  async ask(words: string, path: string): Promise<string> {
    const port = new RegExp(`${words} on port (\\d+)`).exec(this.text)?.[1];
    return await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.exit;
  }
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

export type Env = Readonly<Record<string, string>>;

const program = join(import.meta.dirname, "../../src/bin/mic.ts");

/** MIC as a process of its own; disposing kills it. */
export class MicProcess implements AsyncDisposable {
  readonly #process: ChildProcess;
  /** Its exit code; null when it was killed. */
  readonly exit: Promise<unknown>;
  text = "";

  constructor(args: readonly string[], env: Env) {
    this.#process = spawn(process.execPath, [program, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
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

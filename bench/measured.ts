import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { createServer } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";

const KEPT_OUTPUT = 4_000;
/** What the kernel counts processor time in (USER_HZ). */
const TICK_MS = 10;
const STOP_MS = 5_000;
const LAST_WORDS_MS = 200;

type Env = Readonly<Record<string, string>>;

/** A program that is measured, as a process of its own; disposing of it stops it. */
export class Measured implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  /** What it started itself may hold its output open for longer. */
  readonly #exited: Promise<unknown>;
  /** The end of what it printed. */
  output = "";

  constructor(file: string, args: readonly string[], env: Env) {
    this.#process = spawn(file, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        this.output = (this.output + chunk).slice(-KEPT_OUTPUT);
      });
    }
    this.#ended = once(this.#process, "close").catch((reason: Error) => {
      this.output += reason.message; // it could not be started
    });
    this.#exited = Promise.race([this.#ended, once(this.#process, "exit").catch(() => this.#ended)]);
  }

  /** @throws Error with the program's last words when it does not run any more */
  checkRuns(): void {
    if (this.#process.exitCode === null && this.#process.signalCode === null && this.#process.pid !== undefined) return;
    throw new Error(`${this.#process.spawnfile} ended: ${this.output}`);
  }

  /** Rejects with the program's last words when it ends. */
  async endedEarly(): Promise<never> {
    await this.#exited;
    await Promise.race([this.#ended, setTimeout(LAST_WORDS_MS)]);
    throw new Error(`${this.#process.spawnfile} ended: ${this.output}`);
  }

  /** Ends it without asking; what it started may live on. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill("SIGKILL");
    await this.#exited;
  }

  /** Memory that no other process shares. */
  privateMb(): number {
    const rollup = readFileSync(`/proc/${this.#process.pid}/smaps_rollup`, "utf8");
    const kilobytes = [...rollup.matchAll(/^Private_\w+:\s+(\d+) kB/gm)].map(([, size]) => Number(size));
    return kilobytes.reduce((sum, size) => sum + size, 0) / 1024;
  }

  /** Memory that it uses now, and has used at most. */
  memoryMb(): { readonly now: number; readonly peak: number } {
    const status = readFileSync(`/proc/${this.#process.pid}/status`, "utf8");
    const megabytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1024;
    return { now: megabytes("VmRSS"), peak: megabytes("VmHWM") };
  }

  /** Processor time that it has used so far. */
  processorMs(): number {
    const stat = readFileSync(`/proc/${this.#process.pid}/stat`, "utf8");
    const [user = 0, system = 0] = stat.slice(stat.lastIndexOf(")")).split(" ").slice(12, 14).map(Number);
    return (user + system) * TICK_MS;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM");
    await Promise.race([this.#ended, setTimeout(STOP_MS, undefined, { ref: false })]);
    await this.kill();
  }
}

/** What a port of this machine answers; undefined while nothing listens there. */
export async function ask(port: number, path: string): Promise<{ status: number; body: string } | undefined> {
  const { promise, resolve } = Promise.withResolvers<{ status: number; body: string } | undefined>();
  const request = get({ host: "127.0.0.1", port, path, agent: false }, (response) => {
    text(response).then(
      (body) => resolve({ status: response.statusCode ?? 0, body }),
      () => resolve(undefined),
    );
  });
  request.once("error", () => resolve(undefined));
  return await promise;
}

/** A port that was free a moment ago: not every program that is measured takes 0 and says which one it got. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}

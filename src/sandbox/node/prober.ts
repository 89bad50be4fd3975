import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { realpathSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Guard } from "./guard.ts";
import type { PodEntry } from "./pod-network.ts";

/** Where a probe knocks; without a URL it is enough that somebody listens. Times are in milliseconds. */
export type Knock = { readonly host: string; readonly port: number; readonly url?: string; readonly timeoutMs: number };
/** Empty when it answered well, else what is wrong, in the words of a kubelet. */
export type Knocked = string;

// Runs in the node's network, which this process cannot enter; "node -e" has Node's own modules by their names.
const SERVE = `
const { stdin, stdout, exit } = globalThis.process;
const inGo = (failure, at) => {
  if (failure.code === "TIMEOUT") return "dial tcp " + at + ": i/o timeout";
  const known = { ECONNREFUSED: "connection refused", EHOSTUNREACH: "no route to host", ENETUNREACH: "network is unreachable" };
  if (failure.syscall === "connect" && known[failure.code]) return "dial tcp " + at + ": connect: " + known[failure.code];
  return failure.message === "socket hang up" ? "EOF" : failure.message;
};
const knock = ({ host, port, url, timeoutMs }) => new Promise((resolve) => {
  const at = host + ":" + port;
  if (url === undefined) {
    const socket = net.connect({ host, port, timeout: timeoutMs });
    socket.once("connect", () => { socket.destroy(); resolve(""); });
    socket.once("timeout", () => { socket.destroy(); resolve(inGo({ code: "TIMEOUT" }, at)); });
    socket.once("error", (failure) => resolve(inGo(failure, at)));
    return;
  }
  const client = url.startsWith("https:") ? https : http;
  const request = client.get(url, { agent: false, rejectUnauthorized: false, headers: { "user-agent": "kube-probe/1" } }, (answer) => {
    let text = "";
    answer.setEncoding("utf8").on("data", (part) => { if (text.length < 1024) text += part; });
    answer.once("close", () => {
      const isWell = answer.statusCode >= 200 && answer.statusCode < 400;
      resolve(isWell ? "" : "HTTP probe failed with statuscode: " + answer.statusCode + (text === "" ? "" : ": " + text));
    });
  });
  const late = new Error("context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
  request.setTimeout(timeoutMs, () => request.destroy(late));
  request.once("error", (failure) => resolve('Get "' + url + '": ' + inGo(failure, at)));
});
readline.createInterface({ input: stdin }).on("line", async (line) => {
  const { id, ...rest } = JSON.parse(line);
  stdout.write(JSON.stringify({ id, said: await knock(rest) }) + "\\n");
}).on("close", () => exit());
`;

type Helper = ChildProcessByStdio<Writable, Readable, null>;

const ENDED = "the prober has ended";

/** Knocks at pods from their node's network. */
export class Prober implements AsyncDisposable {
  readonly #entry: PodEntry;
  readonly #guard: Pick<Guard, "add" | "remove">;
  readonly #waiting = new Map<number, (said: Knocked) => void>();
  #helper: Promise<Helper> | undefined;
  #count = 0;

  constructor(entry: PodEntry, guard: Pick<Guard, "add" | "remove">) {
    this.#entry = entry;
    this.#guard = guard;
  }

  async knock(knock: Knock): Promise<Knocked> {
    this.#helper ??= this.#begin();
    const { stdin } = await this.#helper;
    this.#count += 1;
    const id = this.#count;
    return await new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      stdin.write(`${JSON.stringify({ id, ...knock })}\n`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const helper = await this.#helper?.catch(() => undefined);
    if (helper === undefined || hasEnded(helper)) return;
    const ended = once(helper, "exit");
    helper.kill("SIGKILL");
    await ended;
  }

  /** The next knock starts another when this one has ended, or could not start. */
  #begin(): Promise<Helper> {
    const begun = this.#start();
    const forget = () => {
      if (this.#helper === begun) this.#helper = undefined;
    };
    void begun.then((helper) => helper.once("exit", forget), forget);
    return begun;
  }

  async #start(): Promise<Helper> {
    const { file, args } = this.#entry.enter({ file: realpathSync("/proc/self/exe"), args: ["-e", SERVE] });
    const helper = spawn(file, args, { cwd: "/", env: {}, detached: true, stdio: ["pipe", "pipe", "ignore"] });
    await once(helper, "spawn");
    const pid = helper.pid as number; // it has one since it was spawned
    helper.stdin.on("error", () => {}); // it has ended, which is seen below
    helper.once("exit", () => {
      void this.#guard.remove(pid);
      for (const resolve of this.#waiting.values()) resolve(ENDED);
      this.#waiting.clear();
    });
    createInterface({ input: helper.stdout }).on("line", (line) => {
      const { id, said } = JSON.parse(line);
      this.#waiting.get(id)?.(said);
      this.#waiting.delete(id);
    });
    await this.#guard.add(pid);
    if (hasEnded(helper)) throw new Error(ENDED); // before anybody could wait for its answer
    return helper;
  }
}

function hasEnded({ exitCode, signalCode }: Helper): boolean {
  return exitCode !== null || signalCode !== null;
}

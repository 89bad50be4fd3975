import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { Fault } from "../../base/fault.ts";
import type { Variables } from "../node/environment.ts";
import type { Guard } from "../node/guard.ts";
import type { Command } from "../node/programs.ts";
import type { Tools } from "./tools.ts";

/** A network of its own, in the user namespace of the sandbox, in which this machine's user is root. */
export type Namespace = AsyncDisposable & {
  /** The process that keeps it. */
  readonly pid: number;
  /** Resolves when that process has ended though nobody disposed of it. */
  readonly lost: Promise<void>;
  /** The command line that runs a program there, as root of the namespace. @throws Error once it is lost */
  readonly enter: (program: Command) => Command;
  /** Runs a program there to its end, with what it reads. @throws Fault PLATFORM_UNSUPPORTED with its words */
  readonly run: (program: Command, input: string) => Promise<void>;
};

export type NamespaceOptions = {
  readonly tools: Tools;
  readonly guard: Guard;
  /** The environment of the programs that prepare it. */
  readonly env: Variables;
};

// Ends with whoever holds the other end of its standard input, however that ends. Packets are forwarded, and what pods
// may do is not taken over from the machine.
const KEEP = `
echo 1 > /proc/sys/net/ipv4/ip_forward || exit
echo 0 > /proc/sys/net/ipv4/conf/all/route_localnet || exit
echo ready
exec cat > /dev/null
`;
const PLACE = "/";

/** The first network, and the user namespace that is around all. @throws Fault PLATFORM_UNSUPPORTED */
export async function startFirst(options: NamespaceOptions): Promise<Namespace> {
  return await keep({ file: options.tools.unshare, args: ["-U", "-r", "-n"] }, options);
}

/** One more network beside another, in the same user namespace. @throws Fault PLATFORM_UNSUPPORTED */
export async function startBeside(first: Namespace, options: NamespaceOptions): Promise<Namespace> {
  return await keep(first.enter({ file: options.tools.unshare, args: ["-n"] }), options);
}

type Keeper = ChildProcessByStdio<Writable, Readable, Readable>;

async function keep({ file, args }: Command, { tools, guard, env }: NamespaceOptions): Promise<Namespace> {
  const keeper = spawn(file, [...args, "/bin/sh", "-c", KEEP], {
    cwd: PLACE,
    env,
    detached: true, // Ctrl-C in the terminal is for the sandbox, which ends it last
    stdio: ["pipe", "pipe", "pipe"],
  });
  keeper.stdin.on("error", () => {}); // it has ended, which is seen otherwise
  const ended = once(keeper, "exit").catch(() => {});
  await once(keeper, "spawn").catch((cause) => Promise.reject(failure(file, String(cause))));
  const pid = keeper.pid as number; // it has one since it was spawned
  await guard.add(pid);
  await ready(file, keeper).catch(async (reason) => {
    await guard.remove(pid);
    throw reason;
  });
  let isOver = false;
  const lost = new Promise<void>((resolve) => void ended.then(() => isOver || resolve()));
  void lost.then(() => guard.remove(pid));
  const enter = entryOf(keeper, pid, tools);
  return {
    pid,
    lost,
    enter,
    run: (program, input) => runToEnd(program.file, enter(program), env, input),
    [Symbol.asyncDispose]: async () => {
      isOver = true;
      keeper.kill("SIGKILL");
      await ended;
      await guard.remove(pid);
    },
  };
}

function entryOf(keeper: Keeper, pid: number, { nsenter }: Tools): Namespace["enter"] {
  return ({ file, args }) => {
    // The number may be another process's by now.
    if (hasEnded(keeper)) throw new Error(`the network is gone, as the process that kept it (${pid}) has ended`);
    return { file: nsenter, args: ["-t", `${pid}`, "-U", "-n", "--preserve-credentials", "--", file, ...args] };
  };
}

function hasEnded({ exitCode, signalCode }: Keeper): boolean {
  return exitCode !== null || signalCode !== null;
}

async function ready(file: string, keeper: Keeper): Promise<void> {
  const said = text(keeper.stderr);
  for await (const line of keeper.stdout.setEncoding("utf8")) if (`${line}`.startsWith("ready")) return;
  throw failure(file, await said);
}

async function runToEnd(name: string, { file, args }: Command, env: Variables, input: string): Promise<void> {
  const child = spawn(file, args, { cwd: PLACE, env, stdio: ["pipe", "ignore", "pipe"] });
  child.stdin.on("error", () => {}); // it ended without reading
  child.stdin.end(input);
  const [[code], said] = await Promise.all([once(child, "close"), text(child.stderr)]);
  if (code !== 0) throw failure(name, said);
}

function failure(file: string, said: string): Fault {
  const name = file.split("/").at(-1) ?? "";
  const line = said.trim().split("\n")[0] || "failed";
  return new Fault("PLATFORM_UNSUPPORTED", line.startsWith(name) ? line : `${name}: ${line}`);
}

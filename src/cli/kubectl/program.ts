import { spawn } from "node:child_process";
import { join } from "node:path";
import { Fault } from "../../base/fault.ts";
import { findProgram, isProgram } from "../../base/program-path.ts";
import type { KubectlCommand } from "./line.ts";
import type { Kubectl, KubectlAnswer } from "./verb.ts";

export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The `kubectl` to run: `auto` is the first of PATH, then the one that this project's tests have built; `none` is none.
 * @throws Fault FLAG_INVALID for a path that is no program
 */
export function findKubectl(choice: string, env: Variables): string | undefined {
  if (choice === "none") return undefined;
  if (choice !== "auto") {
    if (isProgram(choice)) return choice;
    throw new Fault("FLAG_INVALID", `--kubectl takes auto, none or the path of a program, not "${choice}"`);
  }
  const cache = env.XDG_CACHE_HOME || join(env.HOME ?? "", ".cache");
  return findProgram("kubectl", `${env.PATH ?? ""}:${join(cache, "aad-pod-identity-cluster/bin")}`);
}

export type ProgramOptions = {
  readonly file: string;
  /** Where relative file names begin. */
  readonly folder: string;
  readonly env: Variables;
};

/** Runs `kubectl` itself. */
export class KubectlProgram implements Kubectl {
  readonly #options: ProgramOptions;

  constructor(options: ProgramOptions) {
    this.#options = options;
  }

  /** @throws Fault CANCELLED or what the signal aborts with; Fault FILE_UNREADABLE when it cannot be started */
  async run({ args, input = "" }: KubectlCommand, signal: AbortSignal): Promise<KubectlAnswer> {
    const { file, folder, env } = this.#options;
    signal.throwIfAborted();
    const child = spawn(file, args, { cwd: folder, env, signal, stdio: ["pipe", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    child.stdin.on("error", () => {}); // it may end before it has read all
    child.stdin.end(input);
    const { promise, resolve, reject } = Promise.withResolvers<number | null>();
    child.once("error", reject).once("close", resolve);
    try {
      return { ok: (await promise) === 0, output };
    } catch (cause) {
      signal.throwIfAborted();
      throw new Fault("FILE_UNREADABLE", `cannot run ${file}: --kubectl=none does without`, { cause });
    }
  }
}

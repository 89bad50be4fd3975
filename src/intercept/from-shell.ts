import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { LONGEST_RUN_MS, type RunCommand } from "./command.ts";
import { spentByMs } from "./processor-time.ts";

type FromShell = {
  readonly run: RunCommand;
  /** Processor time of the programs that shells have run, in milliseconds; those of shells that ended left out. */
  readonly spentMs: () => number;
};

type FromShellOptions = {
  readonly shellName?: string;
  /** How long one run may take. */
  readonly longestMs?: number;
};

/** A program that is run so often is run on and on. */
const RUNS_BEFORE = 3;

/**
 * Runs what is run again and again without arguments from a small shell that stays: to start a program takes this
 * process 3 ms of a processor, more than `iptables-save` itself. Whatever else happens than that the program ends well
 * is found out by running it as ever. The shells end with the signal, and with this process however that ends.
 */
export function fromShell(
  run: RunCommand,
  signal: AbortSignal,
  { shellName = "sh", longestMs = LONGEST_RUN_MS }: FromShellOptions = {},
): FromShell {
  const programs = new Map<string, { runs: number; shell?: Shell | undefined }>();
  const shellOf = (program: string): Shell | undefined => {
    const known = programs.get(program) ?? { runs: 0 };
    programs.set(program, known);
    if (known.shell?.hasEnded === true) Object.assign(known, { runs: 0, shell: undefined });
    known.runs += 1;
    if (known.runs > RUNS_BEFORE && !signal.aborted)
      known.shell ??= new Shell(shellName, program, { longestMs, signal });
    return known.shell;
  };
  return {
    run: async (program, args, input) => {
      const isPlain = args.length === 0 && input === undefined;
      const stdout = isPlain ? await shellOf(program)?.ask() : undefined;
      return stdout === undefined ? await run(program, args, input) : { code: 0, stdout, stderr: "" };
    },
    spentMs: () => [...programs.values()].reduce((sum, { shell }) => sum + (shell?.spentMs() ?? 0), 0),
  };
}

/** A shell that runs one program each time it is told to. */
class Shell {
  readonly #mark = `# ended ${randomUUID()} with `;
  readonly #child;
  readonly #longestMs: number;
  #heard = "";
  #answer: ((stdout: string | undefined) => void) | undefined;
  hasEnded = false;

  constructor(name: string, program: string, options: { readonly longestMs: number; readonly signal: AbortSignal }) {
    const { longestMs, signal } = options;
    this.#longestMs = longestMs;
    const loop = 'while read -r go; do "$0" </dev/null; echo "$1$?"; done';
    this.#child = spawn(name, ["-c", loop, program, this.#mark], { stdio: ["pipe", "pipe", "ignore"], signal });
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => this.#hear(text));
    this.#child.stdin.on("error", () => {}); // it ended without reading
    for (const event of ["error", "close"] as const) this.#child.on(event, () => this.#end());
  }

  /** What the program prints; undefined unless it ended well. */
  async ask(): Promise<string | undefined> {
    if (this.hasEnded || this.#answer !== undefined) return undefined;
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.#answer = resolve;
    this.#heard = "";
    this.#child.stdin.write("\n");
    const tooLong = setTimeout(() => this.#giveUp(), this.#longestMs);
    const stdout = await promise;
    clearTimeout(tooLong);
    return stdout;
  }

  spentMs(): number {
    return this.hasEnded || this.#child.pid === undefined ? 0 : spentByMs(this.#child.pid);
  }

  #hear(text: string): void {
    this.#heard += text;
    const at = text.endsWith("\n") ? this.#heard.lastIndexOf(this.#mark) : -1;
    if (at < 0) return;
    const isWell = this.#heard.slice(at + this.#mark.length) === "0\n";
    this.#tell(isWell ? this.#heard.slice(0, at) : undefined);
  }

  /** A program that hangs may outlast its shell, and hold open what is read here: it is not waited for. */
  #giveUp(): void {
    this.#child.kill("SIGKILL");
    this.#child.stdout.destroy();
    this.#end();
  }

  #end(): void {
    this.hasEnded = true;
    this.#tell(undefined);
  }

  #tell(stdout: string | undefined): void {
    this.#answer?.(stdout);
    this.#answer = undefined;
  }
}

import { Fault } from "../base/fault.ts";
import { klogOptions } from "../base/klog-options.ts";
import { createLog, type Log, lostLine } from "../base/log.ts";
import { LogLines, standardError } from "../base/log-lines.ts";
import { type ConfigOf, type Env, helpText, type OptionTable, readConfig, yesNo } from "../base/options.ts";
import { versionLine } from "../base/version.ts";

const everyProgram = {
  help: yesNo({ flag: "help", fallback: false, help: "Print this help and exit." }),
  version: yesNo({ flag: "version", fallback: false, help: "Print versions and exit." }),
  ...klogOptions,
};

/** All settings of a program: its own, then the ones that every program has. */
export function allOptions<Table extends OptionTable>(own: Table): Table & typeof everyProgram {
  return { ...own, ...everyProgram };
}

export type Context = {
  /** Aborted by SIGTERM, SIGINT and SIGHUP: time to stop. */
  readonly signal: AbortSignal;
  readonly log: Log;
};

export type Program<Table extends OptionTable> = {
  readonly name: string;
  readonly summary: string;
  readonly options: Table;
  /** What else must be right before the program runs, as sentences; told together with what is wrong with the flags. */
  readonly problems?: (env: Env, config: ConfigOf<Table>) => readonly string[];
  /** Runs until it is done or the signal is aborted; a Fault ends the program with that fault's sentence and exit code. */
  readonly run: (config: ConfigOf<Table>, context: Context) => Promise<void>;
};

/** Reads the command line, runs the program and ends the process. Called once, by each program's own file. */
export async function runProgram<Table extends OptionTable>(program: Program<Table>): Promise<never> {
  try {
    await start(program);
    process.exit(0);
  } catch (reason) {
    const fault = Fault.from(reason);
    if (fault.code === "UNEXPECTED") {
      process.stderr.write(`${program.name}: a defect of ours, please report it: ${stackOf(fault)}\n`);
    } else {
      process.stderr.write(`${program.name}: ${fault.message}\n`);
    }
    process.exit(fault.exitCode);
  }
}

async function start<Table extends OptionTable>(program: Program<Table>): Promise<void> {
  const table = allOptions(program.options);
  const words = process.argv.slice(2).map((word) => (word === "-h" ? "--help" : word)); // Go's flag packages take it
  // The table was just made of both parts, so its values hold both parts' settings.
  const sharedOf = (config: ConfigOf<OptionTable>) => config as ConfigOf<typeof everyProgram>;
  const alsoWrong = (config: ConfigOf<OptionTable>) => {
    const { help, version } = sharedOf(config);
    return help || version ? [] : (program.problems?.(process.env, config as ConfigOf<Table>) ?? []);
  };
  const { config, warnings } = readConfig(program.name, table, words, process.env, alsoWrong);
  const shared = sharedOf(config);
  if (shared.help) return void process.stdout.write(helpText(program.name, program.summary, table));
  if (shared.version) return void process.stdout.write(`${versionLine()}\n`);

  const format = shared.logFormat === "json" ? "json" : "text";
  const lines = new LogLines({ sink: standardError(), tellLost: (count) => lostLine(format, count) });
  const isBehind = () => lines.isBehind;
  const log = createLog({ format, verbosity: shared.verbosity, write: lines.write, isBehind });
  for (const end of ["uncaughtExceptionMonitor", "exit"] as const) process.on(end, () => lines.drain());
  for (const warning of warnings) log.warn(warning);
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    process.once(signal, () => {
      log.info(`received ${signal}, shutting down`);
      stop.abort(new Fault("CANCELLED", `stopped by ${signal}`));
    });
  }
  try {
    await program.run(config as ConfigOf<Table>, { signal: stop.signal, log });
  } catch (reason) {
    // Being stopped is how a program of ours ends well.
    if (!stop.signal.aborted || !isStop(reason)) throw reason;
  } finally {
    lines.drain(); // what is told next of the end stands behind them
  }
}

function isStop(reason: unknown): boolean {
  return Fault.is(Fault.from(reason), "CANCELLED");
}

function stackOf(fault: Fault): string {
  const origin = fault.cause instanceof Error ? fault.cause : fault;
  return origin.stack ?? origin.message;
}

import { Argument, Command as Commander, CommanderError, Option } from "commander";
import { Fault } from "../base/fault.ts";
import { versionLine } from "../base/version.ts";
import type { Screen } from "./screen.ts";

/** What a command may use of the world it runs in. */
export type CliContext = {
  readonly signal: AbortSignal;
  readonly screen: Screen;
  /** The folder that holds bin/ and charts/. */
  readonly root: string;
};

type CommandOption = {
  /** As commander takes them, e.g. `--timeout <seconds>`. */
  readonly flags: string;
  readonly help: string;
  readonly fallback?: string;
  readonly choices?: readonly string[];
  /** May be given several times; its value is the list then. */
  readonly isRepeated?: boolean;
};
/** Words without a dash, one or more. */
type CommandWords = { readonly name: string; readonly help: string; readonly choices: readonly string[] };

/**
 * Values by long flag name in camel case, and by the name of the words: text, a list, true for a flag without a value,
 * or undefined.
 */
export type CommandValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** A command is data plus one function; help, completion and docs/reference/podid.md are made from it. */
export type Command = {
  readonly name: string;
  readonly summary: string;
  readonly words?: CommandWords;
  readonly options: readonly CommandOption[];
  readonly examples: readonly string[];
  readonly run: (values: CommandValues, context: CliContext) => Promise<void>;
};

/**
 * Runs the command that the words name. Help goes to standard output.
 * @throws Fault FLAG_INVALID for words that no command takes
 */
export async function runCommand(
  commands: readonly Command[],
  words: readonly string[],
  context: CliContext,
): Promise<void> {
  const cli = buildCli(commands, context);
  try {
    await cli.parseAsync(words.length === 0 ? ["--help"] : [...words], { from: "user" });
  } catch (reason) {
    if (!(reason instanceof CommanderError)) throw reason;
    if (reason.exitCode === 0) return; // help was asked for, and printed
    throw new Fault("FLAG_INVALID", sentence(reason.message), { cause: reason });
  }
}

function buildCli(commands: readonly Command[], context: CliContext): Commander {
  const cli = new Commander("podid").description("AAD Pod Identity for people: try it, watch it, ask it.");
  configure(cli);
  cli.version(versionLine(), "--version", "print versions and exit");
  for (const command of commands) {
    const sub = cli.command(command.name).description(command.summary);
    configure(sub);
    for (const option of command.options) sub.addOption(toOption(option));
    sub.addHelpText("after", `\nExamples:\n${command.examples.map((example) => `  ${example}`).join("\n")}`);
    const { words } = command;
    if (words === undefined) sub.action((values: CommandValues) => command.run(values, context));
    else {
      sub.addArgument(new Argument(`<${words.name}...>`, words.help).choices(words.choices));
      const run = (given: readonly string[], values: CommandValues) =>
        command.run({ ...values, [words.name]: given }, context);
      sub.action(run);
    }
  }
  return cli;
}

function configure(cli: Commander): void {
  // Errors are thrown and told once, in one sentence, by whoever started us.
  cli.exitOverride().configureOutput({ writeErr: () => {} });
}

function toOption({ flags, help, fallback, choices, isRepeated }: CommandOption): Option {
  const option = new Option(flags, help);
  if (fallback !== undefined) option.default(fallback);
  if (choices !== undefined) option.choices(choices);
  if (isRepeated) option.argParser((text, before: readonly string[] = []) => [...before, text]);
  return option;
}

function sentence(message: string): string {
  return `${message
    .replace(/^error: /, "")
    .trim()
    .replace(/\.$/, "")}; run "podid --help" for all commands`;
}

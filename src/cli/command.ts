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
  /** The program's environment, for programs that it starts. */
  readonly env?: Readonly<Record<string, string | undefined>>;
};

type CommandOption = {
  /** As commander takes them, e.g. `--timeout <seconds>`. */
  readonly flags: string;
  readonly help: string;
  readonly fallback?: string;
  readonly choices?: readonly string[];
  /** Beginnings of values that a shell offers; after one that ends in = there is more to type. */
  readonly offers?: () => Promise<readonly string[]>;
  /** May be given several times; its value is the list of what was given, in place of `fallback`. */
  readonly isRepeated?: boolean;
};
/** Words without a dash: one or more, or `isOptional`, which is one at most. */
type CommandWords = {
  readonly name: string;
  readonly help: string;
  readonly choices: readonly string[];
  readonly isOptional?: boolean;
};

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
    const message = `${sentence(reason.message)}; ${whereToRead(commands, words)}`;
    throw new Fault("FLAG_INVALID", message, { cause: reason });
  }
}

function buildCli(commands: readonly Command[], context: CliContext): Commander {
  const cli = new Commander("podid").description("AAD Pod Identity for people: try it, watch it, ask it.");
  configure(cli);
  cli.version(versionLine(), "--version", "print versions and exit");
  cli.addHelpText("after", '\nBegin with "podid walkthrough". "podid help COMMAND" tells options and examples.');
  for (const command of commands) {
    const sub = cli.command(command.name).description(command.summary);
    configure(sub);
    for (const option of command.options) sub.addOption(toOption(option));
    sub.addHelpText("after", `\nExamples:\n${command.examples.map((example) => `  ${example}`).join("\n")}`);
    addAction(sub, command, context);
  }
  return cli;
}

function addAction(sub: Commander, { words, run }: Command, context: CliContext): void {
  if (words === undefined) {
    sub.action((values: CommandValues) => run(values, context));
    return;
  }
  const { name, help, choices, isOptional = false } = words;
  const argument = new Argument(isOptional ? `[${name}]` : `<${name}...>`, help).choices(choices);
  if (isOptional) argument.argParser((word: string) => chosen(word, name, choices));
  sub.addArgument(argument);
  type Given = string | readonly string[] | undefined;
  sub.action((given: Given, values: CommandValues) => run({ ...values, [name]: given }, context));
}

function chosen(word: string, name: string, choices: readonly string[]): string {
  if (choices.includes(word)) return word;
  throw new Fault("FLAG_INVALID", `there is no ${name} "${word}": choose one of ${choices.join(", ")}`);
}

function configure(cli: Commander): void {
  // Errors are thrown and told once, in one sentence, by whoever started us.
  cli.exitOverride().configureOutput({ writeErr: () => {} });
}

function toOption({ flags, help, fallback, choices, isRepeated }: CommandOption): Option {
  const option = new Option(flags, help);
  if (fallback !== undefined) option.default(fallback);
  if (choices !== undefined) option.choices(choices);
  if (isRepeated) option.argParser((text, before: unknown) => [...textsOf(before), text]);
  return option;
}

const textsOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value : []);

function sentence(message: string): string {
  return message
    .replace(/^error: /, "")
    .trim()
    .replaceAll("\n", " ")
    .replace(/\.$/, "");
}

function whereToRead(commands: readonly Command[], [first]: readonly string[]): string {
  const command = commands.find(({ name }) => name === first);
  if (command === undefined) return 'run "podid --help" for all commands';
  return `run "podid ${command.name} --help" for its options`;
}

import type { Command } from "../command.ts";

type Option = Command["options"][number];

/** What can follow a command: how an option is spelled, and what its value may be. */
export type OfferedOption = {
  readonly flag: string;
  readonly help: string;
  /** Whether a value follows; undefined for a flag that stands alone. */
  readonly value?: { readonly name: string; readonly choices: readonly string[]; readonly isFile: boolean };
  readonly isRepeated: boolean;
};
export type Offered = {
  readonly name: string;
  readonly summary: string;
  readonly words: readonly string[];
  readonly options: readonly OfferedOption[];
};

/** Whether there is more to type after what is offered. */
export const isBeginning = (choice: string) => choice.endsWith("=");

/** Names of values that are paths of this machine. */
const PATHS = ["kubeconfig", "file", "folder", "program"];
const HELP = { flag: "--help", help: "tell what the command does, and its options", isRepeated: false };

/** The table of commands as shells need it. */
export async function offered(commands: readonly Command[]): Promise<readonly Offered[]> {
  return await Promise.all(
    commands.map(async ({ name, summary, words, options }) => ({
      name,
      summary: plain(summary),
      words: words?.choices ?? [],
      options: [...(await Promise.all(options.map(optionOf))), HELP],
    })),
  );
}

async function optionOf({ flags, help, isRepeated = false, ...option }: Option): Promise<OfferedOption> {
  const [, flag = flags, value] = /(--[\w-]+)(?: <([^>]+)>)?/.exec(flags) ?? [];
  const described = { flag, help: plain(help), isRepeated };
  if (value === undefined) return described;
  const choices = option.choices ?? (await option.offers?.()) ?? [];
  return { ...described, value: { name: value, choices, isFile: PATHS.includes(value) } };
}

/** Without what shells would read as their own. */
const plain = (text: string) => text.replaceAll("'", "’").replaceAll(/["`$\\[\]]/g, "");

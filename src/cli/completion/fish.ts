import type { Offered, OfferedOption } from "./offered.ts";

/** A script for fish, to be sourced or put into `~/.config/fish/completions/podid.fish`. */
export function fishScript(commands: readonly Offered[]): string {
  const first = commands.map(
    ({ name, summary }) => `complete -c podid -n __fish_use_subcommand -a ${name} -d '${summary}'\n`,
  );
  const rest = commands.flatMap(({ name, words, options }) => {
    const after = `complete -c podid -n '__fish_seen_subcommand_from ${name}'`;
    const given = words.length === 0 ? [] : [`${after} -a '${words.join(" ")}'\n`];
    return [...given, ...options.map((option) => `${after} ${specification(option)}\n`)];
  });
  return `# Completion of podid for fish: podid completion fish | source
complete -c podid -f
complete -c podid -n __fish_use_subcommand -l version -d 'print versions and exit'
${first.join("")}${rest.join("")}`;
}

function specification({ flag, help, value }: OfferedOption): string {
  const named = `-l ${flag.replace(/^--/, "")} -d '${help}'`;
  if (value === undefined) return named;
  if (value.isFile) return `${named} -r -F`;
  return value.choices.length === 0 ? `${named} -x` : `${named} -x -a '${value.choices.join(" ")}'`;
}

import { isBeginning, type Offered, type OfferedOption } from "./offered.ts";

/** A script for bash alone: the package bash-completion need not be there. */
export function bashScript(commands: readonly Offered[]): string {
  const names = commands.map(({ name }) => name).join(" ");
  const cases = commands.map(
    ({ name, words, options }) =>
      `    ${name})\n${values(options)}      words=${quoted(words)} flags=${quoted(options.map(({ flag }) => flag))} ;;\n`,
  );
  return `# Completion of podid for bash: source <(podid completion bash)
_podid() {
  local cur=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command='' words='' flags='' after='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " ${names} " in *" $word "*) command=$word; break ;; esac
  done
  # bash takes --flag=value for three words.
  if [ "$cur" = = ]; then cur='' after='='; elif [ "$before" = = ]; then before=\${COMP_WORDS[COMP_CWORD-2]} after='='; fi
  COMPREPLY=()
  case $command in
${cases.join("")}    *) words='${names} help' flags='--help --version' ;;
  esac
  [ -z "$after" ] || return 0
  [[ $cur != -* ]] || words=$flags
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _podid podid
`;
}

const quoted = (words: readonly string[]) => `'${words.join(" ")}'`;

/** What follows an option that takes a value: its choices, a path, or nothing that we know. */
function values(options: readonly OfferedOption[]): string {
  const lines = options.flatMap(({ flag, value }) => {
    if (value === undefined) return [];
    const known = value.isFile ? '$(compgen -f -- "$cur")' : `$(compgen -W ${quoted(value.choices)} -- "$cur")`;
    const reply = value.isFile || value.choices.length > 0 ? `COMPREPLY=(${known}); ` : "";
    const more = value.choices.some(isBeginning) ? "compopt -o nospace 2>/dev/null; " : "";
    return [`        ${flag}) ${reply}${more}return ;;\n`];
  });
  return lines.length === 0 ? "" : `      case $before in\n${lines.join("")}      esac\n`;
}

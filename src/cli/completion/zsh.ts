import { isBeginning, type Offered, type OfferedOption } from "./offered.ts";

/** A script for zsh, to be sourced or put into a folder of `fpath` as `_podid`. */
export function zshScript(commands: readonly Offered[]): string {
  const described = commands.map(({ name, summary }) => `    '${name}:${summary}'\n`);
  const cases = commands.map(({ name, words, options }) => {
    const given = words.length === 0 ? "" : ` '*:what:(${words.join(" ")})'`;
    return `    ${name}) _arguments${options.map((option) => ` \\\n        '${specification(option)}'`).join("")}${given} ;;\n`;
  });
  return `#compdef podid
# Completion of podid for zsh: source <(podid completion zsh)
_podid() {
  local -a commands=(
${described.join("")}    'help:tell what a command does'
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    _arguments '--help[tell which commands there are]' '--version[print versions and exit]'
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join("")}  esac
}
if [ "$funcstack[1]" = _podid ]; then _podid "$@"; else compdef _podid podid; fi
`;
}

function specification({ flag, help, value, isRepeated }: OfferedOption): string {
  const times = isRepeated ? "*" : "";
  if (value === undefined) return `${times}${flag}[${help}]`;
  return `${times}${flag}=[${help}]:${value.name}:${action(value)}`;
}

function action({ isFile, choices }: NonNullable<OfferedOption["value"]>): string {
  if (isFile) return "_files";
  if (choices.length === 0) return " ";
  if (!choices.some(isBeginning)) return `(${choices.join(" ")})`;
  return `compadd -S = ${choices.map((choice) => choice.replace(/=$/, "")).join(" ")}`;
}

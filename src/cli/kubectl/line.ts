/** A command as it is typed; `args` are the words after `kubectl`. */
export type KubectlCommand = {
  readonly args: readonly string[];
  /** What `--filename=-` or `-f -` reads. */
  readonly input?: string;
  /** The command that the input comes from by a pipe; where left out, the input is shown. */
  readonly source?: string;
  /** A comment at the end of the line. */
  readonly note?: string;
};

/** The line of a shell that does just this: it can be copied as it stands. */
export function shellLine({ args, input, source, note }: KubectlCommand): string {
  const words = ["kubectl", ...args.map(quoted)].join(" ");
  const comment = note === undefined ? "" : ` # ${note}`;
  if (source !== undefined) return `${source} \\\n  | ${words}${comment}`;
  if (input === undefined) return `${words}${comment}`;
  const end = /[$`\\]/.test(input) ? "'EOF'" : "EOF"; // a shell would fill these in
  return `${words} <<${end}${comment}\n${input.trimEnd()}\nEOF`;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

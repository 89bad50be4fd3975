/** A command as it is typed; `args` are the words after `kubectl`. */
export type KubectlCommand = {
  readonly args: readonly string[];
  /** What `--filename=-` or `-f -` reads. */
  readonly input?: string;
  /** A comment at the end of the line. */
  readonly note?: string;
};

/** The line of a shell that does just this: it can be copied as it stands. */
export function shellLine({ args, input, note }: KubectlCommand): string {
  const words = ["kubectl", ...args.map(quoted)].join(" ");
  const comment = note === undefined ? "" : ` # ${note}`;
  if (input === undefined) return `${words}${comment}`;
  const end = /[$`\\]/.test(input) ? "'EOF'" : "EOF"; // a shell would fill these in
  return `${words} <<${end}${comment}\n${input.trimEnd()}\nEOF`;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

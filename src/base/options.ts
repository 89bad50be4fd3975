import { formatDuration, parseDuration } from "./duration.ts";
import { Fault } from "./fault.ts";

/** One setting of a program: its flag, the variable that may stand in for it, its default and how its text is read. */
export type Option<T> = {
  /** Without dashes, exactly as users type it; a public contract. */
  readonly flag: string;
  /** The environment variable that counts when the flag is absent. */
  readonly env?: string;
  /** The only text with which the variable counts, as `true`; any other is told and has no effect. */
  readonly envOn?: string;
  readonly fallback: T;
  readonly help: string;
  /** What to use instead; the flag still parses and is warned about once. */
  readonly deprecated?: string;
  /** How `--help` and the docs show the kind of value. */
  readonly kind: "string" | "int" | "float" | "bool" | "duration" | "list";
  /** The value of a text, or a sentence that says what is allowed. */
  readonly read: (text: string) => { readonly value: T } | { readonly wrong: string };
};

export type OptionTable = Readonly<Record<string, Option<unknown>>>;
export type ConfigOf<Table extends OptionTable> = {
  readonly [Key in keyof Table]: Table[Key] extends Option<infer T> ? T : never;
};

type Declared<T> = Pick<Option<T>, "flag" | "fallback" | "help"> &
  Partial<Pick<Option<T>, "env" | "envOn" | "deprecated">>;

export function text(declared: Declared<string> & { readonly oneOf?: readonly string[] }): Option<string> {
  const { oneOf, ...rest } = declared;
  const read = (value: string) =>
    oneOf === undefined || oneOf.includes(value) ? { value } : { wrong: `one of ${oneOf.join(", ")}` };
  return { ...rest, kind: "string", read };
}

/** Comma-separated values; empty parts are left out. */
export function list(declared: Declared<readonly string[]>): Option<readonly string[]> {
  return listOf(declared, (parts) => ({ value: parts }));
}

/** Comma-separated values that mean something, read all together so that every wrong one is told at once. */
export function listOf<T>(
  declared: Declared<readonly T[]>,
  read: (parts: readonly string[]) => { readonly value: readonly T[] } | { readonly wrong: string },
): Option<readonly T[]> {
  const parts = (value: string) =>
    value
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== "");
  return { ...declared, kind: "list", read: (value) => read(parts(value)) };
}

type Range = { readonly min?: number; readonly max?: number };

function number(kind: "int" | "float", pattern: RegExp, noun: string) {
  return (declared: Declared<number> & Range): Option<number> => {
    const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, ...rest } = declared;
    const range = Number.isFinite(max) ? ` from ${min} to ${max}` : Number.isFinite(min) ? ` of at least ${min}` : "";
    const read = (value: string) => {
      const parsed = Number(value);
      return pattern.test(value) && parsed >= min && parsed <= max ? { value: parsed } : { wrong: `${noun}${range}` };
    };
    return { ...rest, kind, read };
  };
}

export const whole = number("int", /^[+-]?\d+$/, "a whole number");
export const decimal = number("float", /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, "a number");

const TRUE = ["1", "t", "T", "TRUE", "true", "True"];
const FALSE = ["0", "f", "F", "FALSE", "false", "False"];

/** A switch; `--x` means true, `--x=false` turns it off. It never takes the next word. */
export function yesNo(declared: Declared<boolean>): Option<boolean> {
  const read = (value: string) =>
    TRUE.includes(value) ? { value: true } : FALSE.includes(value) ? { value: false } : { wrong: "true or false" };
  return { ...declared, kind: "bool", read };
}

/** A switch that can be on in several ways: `--x` means the first of them, `--x=false` turns it off. */
export function modes<const Mode extends string>(
  declared: Pick<Declared<Mode>, "flag" | "help"> & { readonly modes: readonly [Mode, ...Mode[]] },
): Option<Mode | "off"> {
  const { modes, ...rest } = declared;
  const read = (value: string): ReturnType<Option<Mode | "off">["read"]> => {
    if (TRUE.includes(value)) return { value: modes[0] };
    if (FALSE.includes(value) || value === "off") return { value: "off" };
    const mode = modes.find((one) => one === value);
    return mode === undefined ? { wrong: `${modes.join(", ")} or false` } : { value: mode };
  };
  return { ...rest, fallback: "off", kind: "bool", read };
}

type Shortest = {
  /** What is shorter is refused. */
  readonly minMs?: number;
  /** What is shorter counts as so much. */
  readonly raisedToMs?: number;
};

/** A Go duration such as `1h30m`, `30s`, `.5h` or `+1.5s`; the value is in milliseconds. */
export function duration(declared: Declared<number> & Shortest): Option<number> {
  const { minMs = 0, raisedToMs = 0, ...rest } = declared;
  const read = (value: string) => {
    const ms = parseDuration(value);
    return ms !== undefined && ms >= minMs
      ? { value: Math.max(ms, raisedToMs) }
      : { wrong: `a duration such as 30s, 5m or 1h${atLeast(minMs)}` };
  };
  return { ...rest, kind: "duration", read };
}

function atLeast(minMs: number): string {
  return minMs > 0 ? ` of at least ${formatDuration(minMs)}` : "";
}

/** The environment of a process, or a test's. */
export type Env = Readonly<Record<string, string | undefined>>;

export type Reading<Table extends OptionTable> = {
  readonly config: ConfigOf<Table>;
  /** Sentences about deprecated flags that were used. */
  readonly warnings: readonly string[];
};

/**
 * Settings from the command line, then the environment, then defaults. Takes what Go's flag and pflag take: one dash
 * or two, `--x=1` or `--x 1`.
 * @param alsoWrong gives problems that the table cannot tell, such as a variable that must be set
 * @throws Fault FLAG_INVALID that lists every problem at once
 */
export function readConfig<Table extends OptionTable>(
  program: string,
  table: Table,
  argv: readonly string[],
  env: Env,
  alsoWrong: (config: ConfigOf<Table>) => readonly string[] = () => [],
): Reading<Table> {
  const byFlag = new Map(Object.entries(table).map(([key, option]) => [option.flag, { key, option }]));
  const values: Record<string, unknown> = Object.fromEntries(
    Object.entries(table).map(([key, option]) => [key, option.fallback]),
  );
  const problems: string[] = [];
  const warnings: string[] = [];
  const set = (key: string, option: Option<unknown>, given: string, where: string) => {
    const result = option.read(given);
    if ("value" in result) values[key] = result.value;
    else problems.push(`${where}: "${given}" is not ${result.wrong}`);
  };

  for (const [key, option] of Object.entries(table)) {
    const given = option.env === undefined ? "" : (env[option.env] ?? "");
    if (given === "") continue;
    if (option.envOn === undefined || option.envOn === given) set(key, option, given, `variable ${option.env}`);
    else if (given !== "false")
      warnings.push(`variable ${option.env}="${given}" has no effect: only ${option.envOn} has`);
  }
  for (const word of words(argv, byFlag, problems)) {
    const known = byFlag.get(word.flag);
    if (known === undefined) {
      problems.push(`unknown flag --${word.flag}${suggestion(word.flag, [...byFlag.keys()])}`);
      continue;
    }
    if (known.option.deprecated !== undefined)
      warnings.push(`--${word.flag} is deprecated: ${known.option.deprecated}`);
    set(known.key, known.option, word.value, `--${word.flag}`);
  }
  problems.push(...alsoWrong(values as ConfigOf<Table>));
  if (problems.length > 0) {
    throw new Fault("FLAG_INVALID", `${problems.join("; ")}; run "${program} --help" for all flags`);
  }
  return { config: values as ConfigOf<Table>, warnings };
}

type Word = { readonly flag: string; readonly value: string };

const FLAG = /^--?([^-=][^=]*)(?:=(.*))?$/s;

function* words(
  argv: readonly string[],
  byFlag: ReadonlyMap<string, { readonly option: Option<unknown> }>,
  problems: string[],
): Generator<Word> {
  for (let i = 0; i < argv.length; i += 1) {
    const word = argv[i] ?? "";
    const match = FLAG.exec(word);
    if (match === null) {
      problems.push(`unexpected argument "${word}"${joined(word, argv[i - 1] ?? "", byFlag)}`);
      continue;
    }
    const [, flag = "", inline] = match;
    const isSwitch = byFlag.get(flag)?.option.kind === "bool";
    if (inline !== undefined || isSwitch || !byFlag.has(flag)) {
      yield { flag, value: inline ?? "true" };
    } else if (i + 1 < argv.length) {
      i += 1;
      yield { flag, value: argv[i] ?? "" };
    } else {
      problems.push(`--${flag} needs a value`);
    }
  }
}

/** How to give the value of a switch, which does not take the next word. */
function joined(word: string, before: string, byFlag: ReadonlyMap<string, { readonly option: Option<unknown> }>) {
  const [, flag = "", inline] = FLAG.exec(before) ?? [];
  const option = inline === undefined ? byFlag.get(flag)?.option : undefined;
  const isMeant = option?.kind === "bool" && "value" in option.read(word);
  return isMeant ? `: write --${flag}=${word}` : "";
}

function suggestion(flag: string, known: readonly string[]): string {
  const plain = (name: string) => name.toLowerCase().replaceAll("-", "").replaceAll("_", "");
  const near =
    known.find((name) => plain(name) === plain(flag)) ?? known.find((name) => isNear(plain(name), plain(flag)));
  return near === undefined ? "" : ` (did you mean --${near}?)`;
}

/** Whether one insertion, deletion or change turns one word into the other. */
function isNear(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start += 1;
  const [restA, restB] = [a.slice(start), b.slice(start)];
  return restA.slice(1) === restB.slice(1) || restA.slice(1) === restB || restA === restB.slice(1);
}

/** The text of `--help`: one flag a paragraph, in the order of the table. */
export function helpText(program: string, summary: string, table: OptionTable): string {
  const rows = Object.values(table).map((option) => {
    const kind = option.kind === "bool" ? "" : ` ${option.kind}`;
    const notes = [
      fallbackText(option) === "" ? undefined : `default ${fallbackText(option)}`,
      option.env === undefined ? undefined : `variable ${option.env}`,
      option.deprecated === undefined ? undefined : `deprecated: ${option.deprecated}`,
    ].filter((note) => note !== undefined);
    return `  --${option.flag}${kind}\n        ${option.help}${notes.length > 0 ? ` (${notes.join("; ")})` : ""}`;
  });
  return `${program}: ${summary}\n\nFlags:\n${rows.join("\n")}\n`;
}

/** A default as the command line would give it; empty for an empty one. */
export function fallbackText(option: Option<unknown>): string {
  if (option.kind === "duration") return formatDuration(option.fallback as number);
  return Array.isArray(option.fallback) ? option.fallback.join(",") : String(option.fallback);
}

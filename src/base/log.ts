/** What a log line may carry beside its message: names and numbers, never a secret. */
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;
export type LogFormat = "text" | "json";
type Severity = "info" | "warn" | "error";

/** A constant message plus fields: `log.info("identity attached", { machine, identity })`. */
export type Log = {
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** Written only when the program runs with `-v` of at least `level`. */
  verbose(level: number, message: string, fields?: Fields): void;
  /** Whether whoever reads it is behind, so that what counts less is better left out. */
  isBehind(): boolean;
  /** The same log under the name of another source, e.g. `token-route`. */
  named(source: string): Log;
};

export type LogOptions = {
  readonly format?: LogFormat;
  /** Verbosity, klog's `-v`. */
  readonly verbosity?: number;
  readonly source?: string;
  /** Takes a line of the log; an urgent one shall be out when it returns. */
  readonly write?: (line: string, isUrgent: boolean) => void;
  readonly isBehind?: () => boolean;
  readonly now?: () => number;
};

const LONGEST_VALUE = 256;
const LONGEST_MESSAGE = 4_096;
const LETTERS = { info: "I", warn: "W", error: "E" } as const;
// What would let a value forge a line, or look like another: control characters, the two Unicode line separators, marks
// that turn the direction of writing, and characters without a width.
const UNSAFE = /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

/** Text from outside, made safe for one line of a log: escaped and cut to 256 characters. */
export function printable(text: string): string {
  return cut(text, LONGEST_VALUE).replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

function oneLine(message: string): string {
  return cut(message, LONGEST_MESSAGE).replace(UNSAFE, " ");
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}

/** klog's header: `I0821 18:22:50.810806       1 source] `. Users grep for `^E`. */
function header(severity: Severity, at: number, source: string): string {
  return `${LETTERS[severity]}${stampOf(at)}${source}] `;
}

/** The last stamp, since many lines may be of one millisecond. */
let known = { at: Number.NaN, stamp: "" };

function stampOf(at: number): string {
  if (at !== known.at) known = { at, stamp: stamp(new Date(at)) };
  return known.stamp;
}

function stamp(t: Date): string {
  const day = pad(t.getMonth() + 1, 2) + pad(t.getDate(), 2);
  const time = `${pad(t.getHours(), 2)}:${pad(t.getMinutes(), 2)}:${pad(t.getSeconds(), 2)}.${pad(t.getMilliseconds(), 3)}000`;
  return `${day} ${time} ${String(process.pid).padStart(7)} `;
}

function textLine(severity: Severity, at: number, source: string, message: string, fields: Fields): string {
  let line = header(severity, at, source) + oneLine(message);
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    line += ` ${name}=${typeof value === "string" ? JSON.stringify(printable(value)) : value}`;
  }
  return `${line}\n`;
}

function jsonLine(severity: Severity, at: number, source: string, message: string, fields: Fields, v = 0): string {
  const safe: Record<string, unknown> = { ts: at, severity, caller: source, msg: oneLine(message) };
  if (severity !== "error") safe.v = v; // as klog has it
  for (const [name, value] of Object.entries(fields)) {
    // A field never takes the place of one that log collectors rely on.
    if (value !== undefined && !(name in safe)) safe[name] = typeof value === "string" ? printable(value) : value;
  }
  return `${JSON.stringify(safe)}\n`;
}

/** The line that stands in the log where others were dropped, since nobody read them in time. */
export function lostLine(format: LogFormat, count: number): string {
  const line = format === "json" ? jsonLine : textLine;
  return line("warn", Date.now(), "log", "dropped lines of the log here: standard error is read too slowly", {
    lines: count,
  });
}

/** A log in klog's text format or as one JSON object a line, on standard error unless told otherwise. */
export function createLog(options: LogOptions = {}): Log {
  const { verbosity = 0, source = "main", now = Date.now } = options;
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const line = options.format === "json" ? jsonLine : textLine;
  const emit = (severity: Severity, message: string, fields: Fields = {}, level = 0) =>
    write(line(severity, now(), source, message, fields, level), severity === "error");
  return {
    info: (message, fields) => emit("info", message, fields),
    warn: (message, fields) => emit("warn", message, fields),
    error: (message, fields) => emit("error", message, fields),
    verbose: (level, message, fields) => {
      if (level <= verbosity) emit("info", message, fields, level);
    },
    isBehind: options.isBehind ?? (() => false),
    named: (name) => createLog({ ...options, source: name }),
  };
}

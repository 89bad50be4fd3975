import type { Ran, RunCommand } from "../../src/intercept/command.ts";

type Rules = Map<string, { chains: Set<string>; lines: string[] }>;
const HOOKS = { nat: ["PREROUTING", "OUTPUT"], filter: ["INPUT", "FORWARD"], mangle: ["PREROUTING"] } as const;

/** The rules of a machine, behind the programs of iptables that are installed; what it refuses, it refuses whole. */
export class FakeIptables {
  readonly variants: ReadonlyMap<string, Rules>;
  /** Every change that succeeded, as `<program> <table>`. */
  readonly changes: string[] = [];
  /** Every program that was run. */
  readonly runs: string[] = [];
  readonly #usual: string | undefined;
  readonly #failures: { readonly program: RegExp; readonly ran: Ran | undefined }[] = [];

  /** `usual` is what `iptables` itself is. */
  constructor(installed: readonly string[] = ["iptables-nft", "iptables-legacy"], usual = installed[0]) {
    this.variants = new Map(installed.map((program) => [program, emptyRules()]));
    this.#usual = usual;
  }

  /** The next run of a program that fits fails like this; without an answer, as if it were not installed. */
  failNext(program: RegExp, stderr?: string, code = 4): void {
    this.#failures.push({ program, ran: stderr === undefined ? undefined : { code, stdout: "", stderr } });
  }

  /** Does what a text of `iptables-restore` says, as somebody else. */
  apply(program: string, table: string, ...lines: readonly string[]): void {
    const rules = this.variants.get(program);
    const failed = rules && restore(rules, [`*${table}`, ...lines, "COMMIT"].join("\n"));
    if (failed !== undefined) throw new Error(failed);
  }

  /** A table's rules, each with its chain. */
  rules(program: string, table: string): readonly string[] {
    return this.variants.get(program)?.get(table)?.lines ?? [];
  }

  readonly run: RunCommand = async (program, args, input = "") => {
    this.runs.push(program);
    const at = this.#failures.findIndex((failure) => failure.program.test(program));
    if (at >= 0) return this.#failures.splice(at, 1)[0]?.ran;
    if (program === "iptables" && args[0] === "--version") return this.#version();
    const [, name = "", tool] = /^(.*)-(save|restore)$/.exec(program) ?? [];
    const rules = this.variants.get(name);
    if (rules === undefined) return undefined;
    if (tool === "save") return { code: 0, stdout: save(rules), stderr: "" };
    const failed = restore(rules, input);
    if (failed !== undefined) return { code: 1, stdout: "", stderr: failed };
    this.changes.push(`${name} ${/\*(\S+)/.exec(input)?.[1]}`);
    return { code: 0, stdout: "", stderr: "" };
  };

  #version(): Ran | undefined {
    if (this.#usual === undefined) return undefined;
    const kind = this.#usual === "iptables-nft" ? "nf_tables" : "legacy";
    return { code: 0, stdout: `iptables v1.8.9 (${kind})\n`, stderr: "" };
  }
}

function emptyRules(): Rules {
  return new Map(
    Object.entries(HOOKS).map(([table, hooks]) => [table, { chains: new Set<string>(hooks), lines: [] as string[] }]),
  );
}

function save(rules: Rules): string {
  return [...rules]
    .flatMap(([table, { chains, lines }]) => [
      `*${table}`,
      ...[...chains].map((chain) => `:${chain} - [0:0]`),
      ...lines,
      "COMMIT",
      "",
    ])
    .join("\n");
}

/** What is wrong with the text; then nothing has changed. */
function restore(rules: Rules, text: string): string | undefined {
  const table = /\*(\S+)/.exec(text)?.[1] ?? "";
  const now = rules.get(table) ?? { chains: new Set<string>(), lines: [] };
  const next = { chains: new Set(now.chains), lines: [...now.lines] };
  for (const line of text.split("\n").filter((one) => /^[:-]/.test(one))) {
    const failed = one(next, line);
    if (failed !== undefined) return `iptables-restore: ${failed}: ${line}`;
  }
  rules.set(table, next);
  return undefined;
}

function one(table: { chains: Set<string>; lines: string[] }, line: string): string | undefined {
  const [, verb = "", chain = "", rest = ""] = /^(:|-[A-Z] )(\S+) ?(.*)$/.exec(line) ?? [];
  const isOf = (rule: string) => rule.startsWith(`-A ${chain} `);
  if (verb !== ":" && !table.chains.has(chain)) return "no such chain";
  if (verb === ":") table.chains.add(chain);
  if (verb === ":" || verb === "-F ") table.lines = table.lines.filter((rule) => !isOf(rule));
  if (verb === "-A ") table.lines.push(line);
  if (verb === "-I ") {
    const at = table.lines.findIndex(isOf);
    table.lines.splice(at < 0 ? table.lines.length : at, 0, `-A ${chain} ${rest.replace(/^1 /, "")}`);
  }
  if (verb === "-D ") {
    const at = table.lines.indexOf(`-A ${chain} ${rest}`);
    if (at < 0) return "bad rule";
    table.lines.splice(at, 1);
  }
  if (verb === "-X ") {
    if (table.lines.some((rule) => isOf(rule) || rule.endsWith(` ${chain}`))) return "chain is in use";
    table.chains.delete(chain);
  }
  return undefined;
}

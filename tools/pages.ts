import { azureJsonKeys } from "../src/azure/azure-json.ts";
import { knownClouds } from "../src/azure/clouds.ts";
import { faults } from "../src/base/fault.ts";
import type { MetricFamily } from "../src/base/metrics.ts";
import { fallbackText, type OptionTable } from "../src/base/options.ts";
import { allOptions } from "../src/bin/program.ts";
import type { Command } from "../src/cli/command.ts";
import { commands } from "../src/cli/commands.ts";
import { exitCodes } from "../src/cli/exit-codes.ts";
import { demoOptions } from "../src/demo/options.ts";
import { micMetrics } from "../src/mic/metrics.ts";
import { micOptions, micVariables } from "../src/mic/options.ts";
import { nmiMetrics } from "../src/nmi/metrics.ts";
import { type Answer, answers } from "../src/nmi/routes/answers.ts";
import { nmiOptions, nmiVariables } from "../src/nmi/start/options.ts";
import { operations } from "../src/sandbox/azure/operations.ts";
import { simpleOptions } from "../src/simple/options.ts";
import { validatorOptions } from "../src/validator/options.ts";
import { scenarioSections } from "../test/coverage/scenarios.ts";
import { weakPoints } from "../test/coverage/weak-points.ts";
import { objectProblems, problems } from "../test/support/problems.ts";
import { imagesPage } from "./images/generated.ts";
import { alertsPage } from "./monitoring/files.ts";

/** A Markdown table; `|` in a cell is escaped. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
  return line(head) + line(head.map(() => "---")) + rows.map(line).join("");
}

function flagsPage(program: string, options: OptionTable): string {
  const rows = Object.values(allOptions(options)).map((option) => [
    `\`--${option.flag}\``,
    option.kind,
    fallbackText(option) === "" ? "" : `\`${fallbackText(option)}\``,
    option.env === undefined ? "" : `\`${option.env}\``,
    option.deprecated === undefined ? option.help : `${option.help} Deprecated: ${option.deprecated}.`,
  ]);
  const intro = `One dash or two, \`--flag=value\` or \`--flag value\`; a switch alone means true. A wrong command line is refused whole.\n\n`;
  return `# ${program}: flags\n\n${intro}${table(["flag", "kind", "default", "variable", "meaning"], rows)}`;
}

const OF_AZURE_JSON = "\nThose that stand in for azure.json are in [azure-json.md](azure-json.md).\n";

function variablesSection(variables: Readonly<Record<string, string>>, more = ""): string {
  const rows = Object.entries(variables).map(([name, meaning]) => [`\`${name}\``, meaning]);
  return `\n## Variables\n\n${table(["variable", "meaning"], rows)}${more}`;
}

function commandsPage(commands: readonly Command[]): string {
  const sections = commands.map(({ name, summary, words, options, examples }) => {
    const given = words === undefined ? "" : wordsOf(words);
    const rows = options.map(({ flags, help, fallback, choices }) => [
      `\`${flags}\``,
      fallback === undefined ? "" : `\`${fallback}\``,
      choices === undefined ? help : `${help}: ${choices.join(" or ")}`,
    ]);
    const shown = examples.map((example) => `    ${example}\n`).join("");
    const told = rows.length === 0 ? "" : `${table(["option", "default", "meaning"], rows)}\n`;
    return `## podid ${name}${given}\n\n${summary}\n\n${told}${shown}`;
  });
  const named = operations.map((operation) => `\`${operation}\``).join(", ");
  const end = `Operations that \`--fault\` names; \`imds.*\` is all of imds, \`*\` all: ${named}.\n`;
  return `# podid: commands\n\n${sections.join("\n")}\n${exitSection()}\n## Trouble on demand\n\n${end}`;
}

function wordsOf({ choices, isOptional }: NonNullable<Command["words"]>): string {
  const all = choices.join("|");
  return isOptional === true ? ` [${all}]` : ` ${all} ...`;
}

function exitSection(): string {
  const rows = Object.entries(exitCodes).map(([code, meaning]) => [code, meaning]);
  const silence =
    "Where standard output is no terminal nothing is drawn over itself, and nothing has a colour; with `NO_COLOR` no terminal has one either.";
  return `## Exit codes\n\n${table(["code", "meaning"], rows)}\n${silence}\n`;
}

function faultsPage(): string {
  const rows = Object.entries(faults).map(([code, row]) => [
    `\`${code}\``,
    row.kind,
    row.retry ? "yes" : "no",
    "exit" in row ? String(row.exit) : "1",
    row.help,
  ]);
  const intro = "The codes that logs carry. A program that ends because of one ends with its exit code.\n\n";
  return `# Faults\n\n${intro}${table(["code", "who has to act", "may pass by itself", "exit code", "meaning"], rows)}`;
}

function metricsPage(): string {
  const rows = (families: Readonly<Record<string, MetricFamily>>) =>
    Object.entries(families).map(([name, { type, labels, help, buckets }]) => [
      `\`${name}\``,
      buckets === undefined ? type : `${type} ${buckets.join(" ")}`,
      labels.map((label) => `\`${label}\``).join(" "),
      help,
    ]);
  const head = ["family", "type", "labels", "meaning"];
  return `# Metrics\n\n## MIC\n\n${table(head, rows(micMetrics))}\n## NMI\n\n${table(head, rows(nmiMetrics))}`;
}

function answersPage(): string {
  const rows = Object.entries<Answer>(answers).map(([code, { status, error, retryAfterSeconds }]) => [
    `\`${code}\``,
    String(status),
    `\`${error}\``,
    retryAfterSeconds === undefined ? "–" : String(retryAfterSeconds),
  ]);
  const intro =
    "A refusal is JSON: `error` as below, and in `error_description` the sentence that says why. Retry-After is in seconds.\n\n";
  return `# NMI: answers\n\n${intro}${table(["fault", "status", "error", "Retry-After"], rows)}`;
}

function problemsPage(): string {
  const starts = problems.map(({ cause, program, sentence, exit }) => [
    program,
    cause,
    `\`${sentence}\``,
    exit === undefined ? "tries again" : String(exit),
  ]);
  const objects = objectProblems.map(({ cause, sentence }) => [cause, `\`${sentence}\``]);
  return [
    "# What can be wrong, and what is said about it\n\n`…` stands for what differs from run to run.\n\n## When a program starts\n\n",
    table(["program", "cause", "what it says", "exit code"], starts),
    "\n## In an AzureIdentity\n\nMIC says it in its log, and in an event on the AzureIdentity and on its pods, and goes on with all else.\n\n",
    table(["cause", "what it says"], objects),
  ].join("");
}

function azureJsonPage(): string {
  const rows = Object.entries(azureJsonKeys).map(([key, { variable, help }]) => [
    `\`${key}\``,
    `\`${variable}\``,
    help,
  ]);
  const clouds = knownClouds.map((name) => `\`${name}\``).join(", ");
  const intro = [
    "Where the cluster is in Azure and how MIC signs in there: the file that `--cloudconfig` names, JSON or YAML, its keys in any case,",
    "the last of one that is there twice; or, when none is named, the variables; the two are never mixed. The file, the certificate and the endpoints file are looked at",
    "every five seconds. While they are wrong, MIC says so in its log and goes on with the last good ones; at the start it waits.",
  ];
  return `# azure.json\n\n${intro.join("\n")}\n\n${table(["key", "variable", "meaning"], rows)}\nClouds: ${clouds}.\n`;
}

function scenariosPage(): string {
  const sections = scenarioSections.map(({ title, scenarios }) => {
    const rows = scenarios.map((row) => [
      row.id,
      row.scenario,
      "instead" in row ? row.instead : row.tests.map(({ file, name }) => `\`${file}\` › ${name}`).join("<br>"),
    ]);
    return `\n## ${title}\n\n${table(["", "scenario", "test, or why there is none"], rows)}`;
  });
  const intro =
    "What the original tested, or forgot to test, and where it is tested here, of the controller (MIC) and then of the node agent (NMI). `$…` and `%s` in a name stand for the cases of a table.\n";
  return `# Scenarios of the original\n\n${intro}${sections.join("")}`;
}

function weakPointsPage(): string {
  const rows = weakPoints.map(({ id, original, ours, tests, breakage: { file, find, replace } }) => [
    id,
    original,
    ours,
    tests.map((test) => `\`${test.file}\` › ${test.name}`).join("<br>"),
    `\`${file}\`: ${code(find)} → ${replace === "" ? "nothing" : code(replace)}`,
  ]);
  const intro = [
    "What the original's controller (M, MIC) and node agent (N, NMI) do badly, what ours do, the tests that prove it, and a change of the",
    "code that brings the mistake back. `npm run mutants` makes each change in a copy of the code and requires that the first test named fails;",
    "`npm run mutants -- M3 M12` takes these alone. Long pieces of code are cut here, and so are the long names of cases.",
    "The defects that random histories have to find have a command of their own: `npm run model -- --defects`.",
  ];
  const head = ["", "the original", "here", "tests", "how to break it"];
  return `# Weak points of the original\n\n${intro.join("\n")}\n\n${table(head, rows)}`;
}

const LONGEST_CODE = 70;

/** A piece of code in a cell of a table: one line, cut. */
function code(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  const cut = line.length > LONGEST_CODE ? `${line.slice(0, LONGEST_CODE)}…` : line;
  return cut.includes("`") ? `\`\` ${cut} \`\`` : `\`${cut}\``;
}

/** Every generated page and what makes it. */
export const pages: Readonly<Record<string, () => string>> = {
  "docs/reference/mic.md": () => flagsPage("mic", micOptions) + variablesSection(micVariables, OF_AZURE_JSON),
  "docs/reference/azure-json.md": azureJsonPage,
  "docs/reference/nmi.md": () => flagsPage("nmi", nmiOptions) + variablesSection(nmiVariables),
  "docs/reference/demo.md": () => flagsPage("demo", demoOptions),
  "docs/reference/identityvalidator.md": () => flagsPage("identityvalidator", validatorOptions),
  "docs/reference/simple.md": () => flagsPage("simple", simpleOptions),
  "docs/reference/podid.md": () => commandsPage(commands),
  "docs/reference/faults.md": faultsPage,
  "docs/reference/metrics.md": metricsPage,
  "docs/reference/alerts.md": alertsPage,
  "docs/reference/answers.md": answersPage,
  "docs/reference/problems.md": problemsPage,
  "docs/reference/images.md": imagesPage,
  "docs/reference/scenarios.md": scenariosPage,
  "docs/reference/weak-points.md": weakPointsPage,
};

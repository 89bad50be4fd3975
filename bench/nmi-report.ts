import { median, shown } from "./figures.ts";
import { IMDS_MS } from "./imds-stand-in.ts";
import { CONNECTIONS, type Load } from "./nmi-load.ts";
import { bareName, ours } from "./nmi-program.ts";
import { LOOK_EVERY_MS } from "./nmi-questions.ts";
import type { NmiResults, NmiRun, NmiStart } from "./nmi-run.ts";
import type { NmiSize } from "./nmi-shares.ts";
import { nmiVerdicts } from "./nmi-verdicts.ts";
import type { Answer } from "./question.ts";
import { circumstances, circumstancesText, table, verdictTable } from "./tables.ts";

type RunNumber = (run: NmiRun) => number;

const loadMeasures: Readonly<Record<string, (load: Load) => number>> = {
  "requests/s": ({ requestsASecond }) => requestsASecond,
  "median, ms": ({ p50Ms }) => p50Ms,
  "p99, ms": ({ p99Ms }) => p99Ms,
  failed: ({ failed }) => failed,
  "processor a request, µs": ({ processorUs }) => processorUs,
};
const startMeasures: Readonly<Record<string, (start: NmiStart) => number>> = {
  "start to ready, ms": ({ readyMs }) => readyMs,
  "idle, MB": ({ idle }) => idle.rssMb,
  "of it private, MB": ({ idle }) => idle.privateMb,
  "IMDS itself, ms": ({ direct }) => median(direct),
  "first token, ms": ({ first }) => median(first),
};
const measures: Readonly<Record<string, RunNumber>> = {
  ...startMeasures,
  "loaded, MB": ({ loaded }) => loaded.rssMb,
  "loaded private, MB": ({ loaded }) => loaded.privateMb,
  "storm over, ms": ({ storm }) => storm.tookMs,
  "storm without token": ({ storm }) => storm.failed,
  "storm, IMDS calls": ({ storm }) => storm.calls,
  "at once": ({ storm }) => storm.mostAtOnce,
  "in a second": ({ storm }) => storm.mostASecond,
  "Assigned to token, median ms": ({ waitedMs }) => median(waitedMs),
  "Assigned to token, slowest ms": ({ waitedMs }) => Math.max(...waitedMs),
  "killed: gap, ms": ({ killed }) => killed.gapMs,
  "rolled out: gap, ms": ({ rolledOut }) => rolledOut?.gapMs ?? Number.NaN,
  "rolled out: refused": ({ rolledOut }) => rolledOut?.refused ?? Number.NaN,
};

export function nmiAnswer(results: NmiResults): Answer {
  const where = circumstances();
  const verdicts = nmiVerdicts(results);
  const page = [
    "# NMI, measured",
    `${circumstancesText(where)} Made by \`npm run bench -- nmi\`. ${PLACE_IN_WORDS}`,
    verdictTable(verdicts),
    `## One pod asks for a token in the cache\n\n${loadInWords(results.size)}`,
    loadTable(results),
    `## A node with ${results.size.pods} pods\n\n${nodeInWords(results.size)}`,
    runTable(results),
    `All runs, in the order in which they ran.\n\n${rawTable(results)}`,
    longText(results),
    `## What Node takes\n\n${RELAY_IN_WORDS}`,
    relayTable(results),
  ].join("\n\n");
  return { raw: { ...where, ...results, verdicts }, page: `${page}\n`, verdicts };
}

function loadInWords({ loadSeconds, warmUpSeconds }: NmiSize): string {
  return [
    `${CONNECTIONS} connections for ${loadSeconds} s after a warm-up of ${warmUpSeconds} s, through the redirection of a real node`,
    `(namespaces, iptables); made by wrk, which takes its share of the same processor. The metadata service takes ${IMDS_MS} ms.`,
    "Medians first, then all runs.",
  ].join(" ");
}

function nodeInWords({ stormPods, stormIdentities, waiting, firstTokens }: NmiSize): string {
  return [
    `${firstTokens} pods ask for a first token, one after the other, and the same client asks the metadata service itself.`,
    `Storm: ${stormPods} more pods ask at the same moment for ${stormIdentities} identities.`,
    `${waiting} pods ask before their identity is Assigned, which counts from when that change is sent to the API server.`,
    "The program is killed and started again, and",
    "another one takes over from it, while a pod asks a hundred times a second; the gap is the longest time without a token.",
    "Medians; the ratio is the original's number over ours.",
  ].join(" ");
}

const PLACE_IN_WORDS = [
  "Each program has a node of its own in network namespaces, whose iptables has kubelet's hint, with a real API server and",
  `etcd on the same processors. Readiness is looked at each ${LOOK_EVERY_MS} ms, so that a start is told late by up to this.`,
].join(" ");

const RELAY_IN_WORDS = [
  "A relay of 20 lines on the same Node, with the same flags, asks the metadata service whatever it is asked. It knows no",
  "pods, no API server and no rules, and decides, keeps, counts and logs nothing. A program with the HTTP of Node takes no",
  "less.",
].join(" ");

type NamedLoad = Load & { readonly program: string; readonly round: number };

function loadTable({ runs, bareLoads }: NmiResults): string {
  const loads: readonly NamedLoad[] = [
    ...runs.map(({ program, round, load }) => ({ ...load, program, round })),
    ...bareLoads.map((load) => ({ ...load, program: bareName })),
  ];
  const numbers = Object.values(loadMeasures);
  const typical = [...new Set(loads.map(({ program }) => program))].map((name) => {
    const own = loads.filter(({ program }) => program === name);
    return [name, "median", ...numbers.map((number) => median(own.map(number)))];
  });
  const all = loads.map((load) => [load.program, load.round, ...numbers.map((number) => number(load))]);
  return table(["program", "round", ...Object.keys(loadMeasures)], [...typical, ...all]);
}

function runTable({ runs }: NmiResults): string {
  const programs = [...new Set([ours.name, ...runs.map(({ program }) => program)])];
  const others = programs.slice(1);
  const rows = Object.entries(measures).map(([name, number]) => {
    const of = (program: string) => median(runs.filter((run) => run.program === program).map(number));
    return [name, ...programs.map(of), ...others.map((program) => shown(of(program) / of(ours.name)))];
  });
  return table(["", ...programs, ...others.map((program) => `ratio to ${program}`)], rows);
}

function rawTable({ runs }: NmiResults): string {
  const rows = runs.map((run) => [run.round, run.program, ...Object.values(measures).map((number) => number(run))]);
  return table(["round", "program", ...Object.keys(measures)], rows);
}

function relayTable({ relays }: NmiResults): string {
  const numbers = Object.values(startMeasures);
  const typical = ["median", ...numbers.map((number) => median(relays.map(number)))];
  const all = relays.map((run) => [run.round, ...numbers.map((number) => number(run))]);
  return table(["round", ...Object.keys(startMeasures)], [typical, ...all]);
}

function longText({ runs }: NmiResults): string {
  return runs
    .flatMap(({ long }) => (long === undefined ? [] : [long]))
    .map(({ requests, rssMb }) => `Memory during ${requests} requests, MB: ${rssMb.map(shown).join(", ")}.`)
    .join("\n\n");
}

import { median, shown } from "./figures.ts";
import { ours } from "./mic-program.ts";
import type { ScaleResult } from "./mic-scale.ts";
import type { Wave } from "./mic-wave.ts";
import { type Answer, atMost, type Verdict } from "./question.ts";
import { circumstances, circumstancesText, table, verdictTable } from "./tables.ts";

export type MicResults = {
  /** In the order in which they ran. */
  readonly waves: readonly (Wave & { readonly round: number })[];
  readonly scale: ScaleResult;
  readonly machines: number;
  /** In words. */
  readonly case: string;
};
/** One, and one more for a machine in four, whose last pods came late. */
const MOST_PATCHES_A_WAVE = 1.25;

type WaveNumber = (wave: Wave) => number;

/** What is compared, each the smaller the better. */
const measures: Readonly<Record<string, WaveNumber>> = {
  "until all Assigned, s": ({ come }) => come.doneMs / 1_000,
  "until all gone, s": ({ go }) => go.doneMs / 1_000,
  GET: ({ come, go }) => come.gets + go.gets,
  PATCH: ({ come, go }) => come.patches + go.patches,
  "start to probes, ms": ({ listeningMs }) => listeningMs,
  "start to ready, ms": ({ readyMs }) => readyMs ?? Number.NaN,
  "start to leading, ms": ({ leadingMs }) => leadingMs,
  "idle, MB": ({ idleMb }) => idleMb,
  "peak, MB": ({ peakMb }) => peakMb,
  "processor, s": ({ processorMs }) => processorMs / 1_000,
};

export function micAnswer(results: MicResults): Answer {
  const where = circumstances();
  const verdicts = micVerdicts(results);
  const page = [
    "# MIC, measured",
    `${circumstancesText(where)} Made by \`npm run bench -- mic\`.`,
    verdictTable(verdicts),
    `## Pods come and go\n\n${results.case}`,
    `Medians; the ratio is the original's number over ours.\n\n${medianTable(results)}`,
    `All runs, in the order in which they ran.\n\n${rawTable(results)}`,
    `## A large cluster\n\n${scaleText(results.scale)}`,
  ].join("\n\n");
  return { raw: { ...where, ...results, verdicts }, page: `${page}\n`, verdicts };
}

export function micVerdicts({ waves, scale, machines }: MicResults): readonly Verdict[] {
  const own = waves.filter(({ program }) => program === ours.name);
  const typical = (number: WaveNumber) => median(own.map(number));
  return [
    atMost(
      "all Assigned",
      typical(({ come }) => come.doneMs / 1_000),
      8,
      "s",
    ),
    atMost(
      "all gone",
      typical(({ go }) => go.doneMs / 1_000),
      10,
      "s",
    ),
    atMost(
      "PATCH a machine and wave",
      Math.max(...own.flatMap((wave) => patchesAWave(wave, machines))),
      MOST_PATCHES_A_WAVE,
      "",
    ),
    atMost(
      "start to standby",
      typical(({ readyMs = Number.NaN }) => readyMs),
      1_000,
      "ms",
    ),
    atMost("plan after one event, large cluster, median", median(scale.planMs), 300, "ms"),
    atMost("memory, large cluster", scale.peakMb, 600, "MB"),
  ];
}

/** PATCHes a machine when pods come and when they go, each of which is one wave. */
function patchesAWave({ come, go }: Wave, machines: number): readonly number[] {
  return [come, go].map(({ patches }) => patches / machines);
}

function medianTable({ waves }: MicResults): string {
  const programs = [...new Set([ours.name, ...waves.map(({ program }) => program)])];
  const others = programs.slice(1);
  const rows = Object.entries(measures).map(([name, number]) => {
    const of = (program: string) => median(waves.filter((wave) => wave.program === program).map(number));
    return [name, ...programs.map(of), ...others.map((program) => shown(of(program) / of(ours.name)))];
  });
  return table(["", ...programs, ...others.map((program) => `ratio to ${program}`)], rows);
}

function rawTable({ waves }: MicResults): string {
  const rows = waves.map((wave) => [
    wave.round,
    wave.program,
    ...Object.values(measures).map((number) => number(wave)),
  ]);
  return table(["round", "program", ...Object.keys(measures)], rows);
}

function scaleText({ scale, planMs, doneMs, readyMs, leadingMs, idleMb, peakMb }: ScaleResult): string {
  const { pods, scaleSets, instances, identities } = scale;
  const all = (values: readonly number[]) => values.map(shown).join(", ");
  return [
    `${pods} pods with an identity each, of ${identities}, on ${scaleSets * instances} nodes of ${scaleSets} scale sets, in an API server in memory. Nothing is to be done; then pods come and go one by one.`,
    table(
      [
        ...["plan, median ms", "plan, slowest ms", "pod done, median ms", "pod done, slowest ms"],
        ...["ready, s", "leading, s", "idle, MB", "peak, MB"],
      ],
      [
        [
          ...[planMs, doneMs].flatMap((values) => [median(values), Math.max(...values)]),
          ...[readyMs / 1_000, leadingMs / 1_000, idleMb, peakMb],
        ],
      ],
    ),
    "The budget for a plan is for the median; the slowest one is shown beside it and not judged.",
    `Plan, ms: ${all(planMs)}.\n\nPod done, ms: ${all(doneMs)}.`,
  ].join("\n\n");
}

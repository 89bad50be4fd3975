import { median } from "./figures.ts";
import { ours } from "./nmi-program.ts";
import type { LongLoad, NmiResults, NmiRun } from "./nmi-run.ts";
import { atLeast, atMost, type Verdict } from "./question.ts";

type Runs = readonly NmiRun[];

/** What more than that is growth. */
const STEADY_MB = 5;

/** Our numbers against the budgets; those beside the original only where it ran. */
export function nmiVerdicts({ runs, bareLoads, size }: NmiResults): readonly Verdict[] {
  const own = runs.filter(({ program }) => program === ours.name);
  const others = runs.filter(({ program }) => program !== ours.name);
  return [
    ...(others.length > 0 ? besideOriginal(own, others) : []),
    atLeast(
      "cached token, requests/s, part of a bare server's",
      typical(own, ({ load }) => load.requestsASecond) / median(bareLoads.map((load) => load.requestsASecond)),
      0.55,
      "",
    ),
    atMost(
      "cached token, requests that failed",
      worst(own, ({ load }) => load.failed),
      0,
      "",
    ),
    ...whileAssigned(own, size.stormIdentities),
    ...memory(own),
    ...changes(own),
  ];
}

function besideOriginal(own: Runs, others: Runs): readonly Verdict[] {
  const rate = (runs: Runs) => typical(runs, ({ load }) => load.requestsASecond);
  const slow = (runs: Runs) => typical(runs, ({ load }) => load.p99Ms);
  return [
    atLeast("cached token, requests/s, times the original's", rate(own) / rate(others), 10, ""),
    atMost("cached token, p99, part of the original's", slow(own) / slow(others), 0.2, ""),
  ];
}

function whileAssigned(own: Runs, identities: number): readonly Verdict[] {
  const beyond = ({ first, direct }: NmiRun) => median(first) - median(direct);
  return [
    atMost("first token beyond IMDS's own time, median", typical(own, beyond), 1.5, "ms"),
    atMost(
      "storm, pods without their token",
      worst(own, ({ storm }) => storm.failed),
      0,
      "",
    ),
    atMost(
      "storm, IMDS calls",
      worst(own, ({ storm }) => storm.calls),
      identities,
      "",
    ),
    atMost(
      "storm, IMDS calls at once",
      worst(own, ({ storm }) => storm.mostAtOnce),
      4,
      "",
    ),
    atMost(
      "storm, IMDS calls in a second",
      worst(own, ({ storm }) => storm.mostASecond),
      15,
      "",
    ),
    atMost(
      "Assigned to token, slowest of a run",
      typical(own, ({ waitedMs }) => Math.max(...waitedMs)),
      50,
      "ms",
    ),
  ];
}

function memory(own: Runs): readonly Verdict[] {
  const growth = own.flatMap(({ long }) => (long === undefined ? [] : [growthMb(long)]));
  return [
    atMost(
      "memory, idle",
      typical(own, ({ idle }) => idle.rssMb),
      60,
      "MB",
    ),
    atMost(
      "memory, loaded",
      typical(own, ({ loaded }) => loaded.rssMb),
      90,
      "MB",
    ),
    atMost(
      "memory, loaded, private",
      typical(own, ({ loaded }) => loaded.privateMb),
      45,
      "MB",
    ),
    atMost(
      "memory, growth during the long load",
      growth.length === 0 ? Number.NaN : Math.max(...growth),
      STEADY_MB,
      "MB",
    ),
  ];
}

function changes(own: Runs): readonly Verdict[] {
  return [
    atMost(
      "rolled out, longest time without a token",
      worst(own, ({ rolledOut }) => rolledOut?.gapMs ?? Number.NaN),
      1_000,
      "ms",
    ),
    atMost(
      "rolled out, requests refused",
      worst(own, ({ rolledOut }) => rolledOut?.refused ?? Number.NaN),
      0,
      "",
    ),
    atMost(
      "killed, until tokens come again",
      typical(own, ({ killed }) => killed.gapMs),
      2_000,
      "ms",
    ),
    atMost(
      "start to ready",
      typical(own, ({ readyMs }) => readyMs),
      300,
      "ms",
    ),
  ];
}

/** From the second quarter to the last one: at the beginning a program still takes what it needs. */
export function growthMb({ rssMb }: LongLoad): number {
  const quarter = Math.max(1, Math.floor(rssMb.length / 4));
  return median(rssMb.slice(-quarter)) - median(rssMb.slice(quarter, 2 * quarter));
}

function typical(runs: Runs, number: (run: NmiRun) => number): number {
  return median(runs.map(number));
}

/** NaN of none, which holds no budget. */
function worst(runs: Runs, number: (run: NmiRun) => number): number {
  return runs.length === 0 ? Number.NaN : Math.max(...runs.map(number));
}

import { describe, expect, it } from "vitest";
import { changeOf } from "./nmi-change.ts";
import { nmiAnswer } from "./nmi-report.ts";
import type { NmiResults, NmiRun } from "./nmi-run.ts";
import { growthMb, nmiVerdicts } from "./nmi-verdicts.ts";

const load = { requestsASecond: 30_000, p50Ms: 2, p99Ms: 5, requests: 150_000, failed: 0, processorUs: 30 };
const steady = { gapMs: 20, asked: 100, refused: 0 };
const good: NmiRun & { readonly round: number } = {
  program: "nmi",
  round: 1,
  readyMs: 200,
  idle: { rssMb: 50, privateMb: 15 },
  loaded: { rssMb: 70, privateMb: 30 },
  direct: [11, 11, 12],
  first: [12, 12, 13],
  load,
  storm: { calls: 10, mostAtOnce: 4, mostASecond: 10, tookMs: 100, failed: 0 },
  waitedMs: [20, 30],
  rolledOut: steady,
  killed: { ...steady, gapMs: 500 },
  long: { requests: 1_000_000, rssMb: [60, 70, 71, 70] },
};
const original = { ...good, program: "original", load: { ...load, requestsASecond: 2_800, p99Ms: 53 } };
const size = {
  pods: 250,
  firstTokens: 3,
  stormPods: 500,
  stormIdentities: 10,
  waiting: 2,
  warmUpSeconds: 1,
  loadSeconds: 5,
  longRequests: 1_000_000,
};

function results(over: Partial<NmiRun> = {}, rest: Partial<NmiResults> = {}): NmiResults {
  const bareLoads = [{ ...load, requestsASecond: 45_000, round: 1 }];
  const { readyMs, idle, direct, first } = good;
  const relays = [{ readyMs: readyMs - 111, idle, direct, first, round: 1 }];
  return { runs: [{ ...good, ...over }, original], bareLoads, relays, size, ...rest };
}

const missed = (of: NmiResults) => nmiVerdicts(of).flatMap(({ what, holds }) => (holds ? [] : [what]));

describe("NMI's report", () => {
  it("finds nothing to say against numbers within their budgets", () => {
    expect(missed(results())).toEqual([]);
  });

  it.each<{ budget: string; over: Partial<NmiRun> }>([
    { budget: "cached token, p99, part of the original's", over: { load: { ...load, p99Ms: 11 } } },
    { budget: "cached token, requests that failed", over: { load: { ...load, failed: 1 } } },
    { budget: "first token beyond IMDS's own time, median", over: { first: [13, 13, 13] } },
    { budget: "storm, pods without their token", over: { storm: { ...good.storm, failed: 1 } } },
    { budget: "storm, IMDS calls", over: { storm: { ...good.storm, calls: 11 } } },
    { budget: "storm, IMDS calls at once", over: { storm: { ...good.storm, mostAtOnce: 5 } } },
    { budget: "storm, IMDS calls in a second", over: { storm: { ...good.storm, mostASecond: 16 } } },
    { budget: "Assigned to token, slowest of a run", over: { waitedMs: [10, 51] } },
    { budget: "memory, idle", over: { idle: { rssMb: 61, privateMb: 15 } } },
    { budget: "memory, loaded", over: { loaded: { rssMb: 91, privateMb: 30 } } },
    { budget: "memory, loaded, private", over: { loaded: { rssMb: 70, privateMb: 46 } } },
    { budget: "memory, growth during the long load", over: { long: { requests: 9, rssMb: [60, 70, 71, 76] } } },
    { budget: "memory, growth during the long load", over: { long: undefined } },
    { budget: "rolled out, longest time without a token", over: { rolledOut: { ...steady, gapMs: 1_001 } } },
    { budget: "rolled out, requests refused", over: { rolledOut: { ...steady, refused: 1 } } },
    { budget: "killed, until tokens come again", over: { killed: { ...steady, gapMs: 2_001 } } },
    { budget: "start to ready", over: { readyMs: 301 } },
  ])("finds the budget missed: $budget", ({ budget, over }) => {
    expect(missed(results(over))).toEqual([budget]);
  });

  it("wants a multiple of the original's rate, and a part of a bare server's", () => {
    expect(missed(results({ load: { ...load, requestsASecond: 24_000 } }))).toEqual([
      "cached token, requests/s, times the original's",
      "cached token, requests/s, part of a bare server's",
    ]);
  });

  it("says nothing of the original where it did not run", () => {
    const alone = results({}, { runs: [good] });
    expect(missed(alone)).toEqual([]);
    expect(nmiAnswer(alone).page).not.toContain("original's |");
  });

  it("shows all runs, the bare server's too, and the ratio to the original", () => {
    const { page } = nmiAnswer(results());
    expect(page).toContain("| bare server | median | 45000 | 2 | 5 | 0 | 30 |");
    expect(page).toContain("| original | 1 | 2800 | 2 | 53 | 0 | 30 |");
    expect(page).toContain("| start to ready, ms | 200 | 200 | 1 |");
    expect(page).toContain("| median | 89 | 50 | 15 | 11 | 12 |");
    expect(page).toContain("Memory during 1000000 requests, MB: 60, 70, 71, 70.");
  });

  it("takes what a program needs at the beginning for no growth", () => {
    expect(growthMb({ requests: 8, rssMb: [40, 60, 70, 70, 71, 72, 71, 71] })).toBe(1);
  });

  it("finds the longest time in which nobody was served, whatever the order of answers", () => {
    const at = (endMs: number, status = 200) => ({ status, body: "", startMs: 0, endMs });
    expect(changeOf([at(30), at(10), at(40, 0), at(90), at(50, 503)])).toEqual({ gapMs: 60, asked: 5, refused: 1 });
    expect(changeOf([at(10)]).gapMs).toBeNaN();
  });
});

import { describe, expect, it } from "vitest";
import { type MicResults, micAnswer, micVerdicts } from "./mic-report.ts";
import type { Wave } from "./mic-wave.ts";

const phase = { podsMs: 1_000, firstPatchMs: 500, doneMs: 5_000, gets: 12, patches: 12 };
const good = {
  program: "mic",
  round: 1,
  listeningMs: 300,
  readyMs: 400,
  leadingMs: 500,
  come: phase,
  go: phase,
  idleMb: 60,
  peakMb: 90,
  processorMs: 2_000,
};
const scale = { pods: 50_000, scaleSets: 50, instances: 100, identities: 100, identitiesASet: 10 };
const large = {
  scale,
  readyMs: 9_000,
  leadingMs: 9_500,
  planMs: [100, 200],
  doneMs: [300, 400],
  idleMb: 400,
  peakMb: 500,
};

function results({ wave = {}, rest = {} }: { wave?: Partial<Wave>; rest?: Partial<MicResults> } = {}): MicResults {
  return { waves: [{ ...good, ...wave }], scale: large, machines: 12, case: "the case", ...rest };
}

const exceeded = (of: MicResults) => micVerdicts(of).flatMap(({ what, holds }) => (holds ? [] : [what]));

describe("MIC's report", () => {
  it("finds nothing to say against numbers within their budgets", () => {
    expect(exceeded(results())).toEqual([]);
  });

  it.each<{ budget: string; of: MicResults }>([
    { budget: "all Assigned", of: results({ wave: { come: { ...phase, doneMs: 8_001 } } }) },
    { budget: "all gone", of: results({ wave: { go: { ...phase, doneMs: 10_001 } } }) },
    { budget: "PATCH a machine and wave", of: results({ wave: { go: { ...phase, patches: 16 } } }) },
    { budget: "PATCH a machine and wave", of: results({ wave: { come: { ...phase, podsMs: 9_000, patches: 24 } } }) },
    { budget: "start to standby", of: results({ wave: { readyMs: undefined } }) },
    {
      budget: "plan after one event, large cluster, median",
      of: results({ rest: { scale: { ...large, planMs: [301] } } }),
    },
    { budget: "memory, large cluster", of: results({ rest: { scale: { ...large, peakMb: 601 } } }) },
  ])("finds the budget exceeded: $budget", ({ budget, of }) => {
    expect(exceeded(of)).toEqual([budget]);
  });

  it("holds only our own runs to the budgets, and judges by their median", () => {
    const slow = { ...good, come: { ...phase, doneMs: 60_000 } };
    const waves = [good, good, slow, { ...slow, program: "original" }];
    expect(exceeded(results({ rest: { waves } }))).toEqual([]);
  });

  it("lets few machines have a second PATCH, for pods that came late", () => {
    expect(exceeded(results({ wave: { come: { ...phase, patches: 15 } } }))).toEqual([]);
  });

  it("shows the slowest plan too, which the budget is not about", () => {
    const { page } = micAnswer(results({ rest: { scale: { ...large, planMs: [100, 200, 900] } } }));
    expect(page).toContain("plan, median ms | plan, slowest ms | pod done, median ms | pod done, slowest ms");
    expect(page).toContain("| 200 | 900 | 350 | 400 |");
    expect(page).toContain("The budget for a plan is for the median");
  });

  it("shows every run and the ratio to the original", () => {
    const original = { ...good, program: "original", come: { ...phase, doneMs: 20_000 } };
    const { page } = micAnswer(results({ rest: { waves: [good, original] } }));
    expect(page).toContain("| until all Assigned, s | 5 | 20 | 4 |");
    expect(page).toContain("| 1 | original | 20 | 5 |");
  });
});

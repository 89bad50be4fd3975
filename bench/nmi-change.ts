import { setTimeout } from "node:timers/promises";
import { type NmiPlace, tokenOf } from "./nmi-place.ts";
import { type NmiProgram, type RunningNmi, startNmi } from "./nmi-program.ts";
import type { Outcome } from "./nmi-questions.ts";

/** How pods fared that asked again and again, on new connections, while one program took the place of another. */
export type Change = {
  /** The longest time in which nobody got a token. */
  readonly gapMs: number;
  readonly asked: number;
  /** Requests that found nobody, or were broken off. */
  readonly refused: number;
};

const EVERY_MS = 10;
/** As long as pods are served before the change, and after it. */
const STEADY_MS = 500;
const OTHER_PORTS = { probes: 8086, metrics: 9091 };

/** The program is killed, and started anew at once. */
export async function killed(program: NmiProgram, place: NmiPlace, before: RunningNmi): Promise<Change> {
  return await hammered(place, async () => {
    await before.nmi.kill();
    return await startNmi(program, place);
  });
}

/** Another one of the same starts, and once it serves, the first is told to end. */
export async function rolledOut(program: NmiProgram, place: NmiPlace, before: RunningNmi): Promise<Change> {
  return await hammered(place, async () => {
    const after = await startNmi(program, place, OTHER_PORTS);
    await before.nmi[Symbol.asyncDispose]();
    return after;
  });
}

async function hammered(place: NmiPlace, change: () => Promise<RunningNmi>): Promise<Change> {
  const asked = tokenOf(0);
  await place.pods.ask({ until: asked, status: 200, body: "" });
  await place.pods.ask({ begin: asked, everyMs: EVERY_MS });
  await setTimeout(STEADY_MS);
  const { nmi } = await change();
  await place.pods.ask({ until: asked, status: 200, body: "" });
  await setTimeout(STEADY_MS);
  const outcomes = await place.pods.ask<readonly Outcome[]>({ end: true });
  await nmi.kill();
  return changeOf(outcomes);
}

/** Of answers in the order in which they were asked for. */
export function changeOf(outcomes: readonly Outcome[]): Change {
  const served = outcomes.flatMap(({ status, endMs }) => (status === 200 ? [endMs] : [])).toSorted((a, b) => a - b);
  const gaps = served.slice(1).map((at, n) => at - (served[n] ?? at));
  const refused = outcomes.filter(({ status }) => status === 0).length;
  return { gapMs: served.length < 2 ? Number.NaN : Math.max(...gaps), asked: outcomes.length, refused };
}

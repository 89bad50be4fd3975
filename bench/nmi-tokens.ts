import { setTimeout } from "node:timers/promises";
import type { ImdsTally } from "./imds-stand-in.ts";
import { clientIdOf, recordObjects } from "./nmi-objects.ts";
import { type NmiPlace, tokenOf } from "./nmi-place.ts";
import type { Outcome, Request } from "./nmi-questions.ts";
import { objectsOf, type Shares } from "./nmi-shares.ts";

/** First tokens, and as many from the metadata service itself, by the same client at the same time. */
export type FirstTokens = { readonly direct: readonly number[]; readonly first: readonly number[] };
/** Many pods that ask at once. */
export type Storm = ImdsTally & {
  /** Until the last one had its answer. */
  readonly tookMs: number;
  /** Pods without a token, or with that of another identity. */
  readonly failed: number;
};

/** IMDS is asked less often than it may be: else it would be waited for. */
const PAUSE_MS = 120;
const BEFORE_ASSIGNED_MS = 600;
const BETWEEN_ASSIGNED_MS = 170;

/**
 * Each pod in turn asks for its first token; it names its identity where the program cannot know it.
 * @throws Error when one does not get it
 */
export async function askFirstTokens(
  place: NmiPlace,
  { first }: Shares,
  signal: AbortSignal,
  isNamed = false,
): Promise<FirstTokens> {
  const times = { direct: [] as number[], first: [] as number[] };
  for (const { n, identity } of first) {
    const plain = tokenOf(n);
    const named = { ...plain, url: `${plain.url}&client_id=${clientIdOf(identity)}` };
    times.direct.push(took(await place.host.ask({ get: { url: named.url } }), identity));
    await setTimeout(PAUSE_MS, undefined, { signal });
    times.first.push(took(await place.pods.ask({ get: isNamed ? named : plain }), identity));
    await setTimeout(PAUSE_MS, undefined, { signal });
  }
  return times;
}

/** Brings pods to the node, and once they are known, all of them ask at the same time. */
export async function runStorm(place: NmiPlace, { storm, last }: Shares): Promise<Storm> {
  await place.put(objectsOf(storm));
  await place.put(objectsOf([last]));
  await place.pods.ask({ until: tokenOf(last.n), status: 200, body: "" });
  await place.imds();
  const outcomes = await place.pods.ask<readonly Outcome[]>({ atOnce: storm.map(({ n }): Request => tokenOf(n)) });
  const starts = outcomes.map(({ startMs }) => startMs);
  const failed = outcomes.filter((outcome, n) => !isTokenOf(outcome, storm[n]?.identity ?? "")).length;
  const tookMs = Math.max(...outcomes.map(({ endMs }) => endMs)) - Math.min(...starts);
  return { ...(await place.imds()), tookMs, failed };
}

/** Pods ask before MIC is done with them: how long after that each has its token. @throws Error when one gets none */
export async function runWaiting(place: NmiPlace, { waiting }: Shares, signal: AbortSignal): Promise<number[]> {
  await place.put(objectsOf(waiting));
  const asked = place.pods.ask<readonly Outcome[]>({ atOnce: waiting.map(({ n }) => tokenOf(n)) });
  await setTimeout(BEFORE_ASSIGNED_MS, undefined, { signal });
  const assignedAt: number[] = [];
  for (const pod of waiting) {
    assignedAt.push(await place.put(recordObjects({ ...pod, state: "Assigned" })));
    await setTimeout(BETWEEN_ASSIGNED_MS, undefined, { signal });
  }
  return (await asked).map((outcome, n) => {
    took(outcome, waiting[n]?.identity ?? "");
    return outcome.endMs - (assignedAt[n] ?? Number.NaN);
  });
}

/** @throws Error when it is not that identity's token */
function took(outcome: Outcome, identity: string): number {
  if (!isTokenOf(outcome, identity)) throw new Error(`no token of ${identity}: ${outcome.status} ${outcome.body}`);
  return outcome.endMs - outcome.startMs;
}

function isTokenOf({ status, body }: Outcome, identity: string): boolean {
  return status === 200 && body.includes(`"${clientIdOf(identity)}.`);
}

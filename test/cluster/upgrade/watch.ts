import { setTimeout } from "node:timers/promises";
import type { Cluster } from "../support/cluster.ts";
import { type Answer, judge, readAnswers, type Stretch, type Verdict } from "./judge/answers.ts";
import { APPS, type Asking } from "./workload.ts";

/** What each pod got in a stretch, by its name. */
export type Seen = ReadonlyMap<string, Verdict & { readonly app: string }>;

type Pod = { readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> } };

/** All pods that ask have asked on, and what they got is judged and printed. */
async function judged(cluster: Cluster, asking: Asking, name: string, stretch: Stretch): Promise<Seen> {
  const seen = new Map<string, Verdict & { readonly app: string }>();
  for (const { pod, app, answers } of await allAnswers(cluster, asking)) {
    const verdict = judge(answers, asking[app] ?? {}, stretch);
    seen.set(pod, { app, ...verdict });
  }
  print(name, stretch, seen);
  return seen;
}

/** What all pods that ask have been answered so far. */
async function allAnswers(cluster: Cluster, asking: Asking) {
  const { items } = await cluster.get("pods", "--namespace", APPS);
  const pods = (items as readonly Pod[]).map(({ metadata }) => ({
    pod: metadata.name,
    app: metadata.labels?.app ?? "",
  }));
  const those = pods.filter(({ app }) => asking[app] !== undefined);
  return await Promise.all(
    those.map(async (one): Promise<typeof one & { readonly answers: readonly Answer[] }> => {
      const log = await cluster.kubectl("logs", one.pod, "--namespace", APPS);
      return { ...one, answers: readAnswers(log) };
    }),
  );
}

/** What pods got from the begin of some work until a little after its end, when all have been answered. */
export async function during(
  cluster: Cluster,
  asking: Asking,
  name: string,
  work: () => Promise<unknown>,
): Promise<Seen> {
  const from = Date.now();
  await work();
  const to = Date.now();
  await setTimeout(SETTLE_MS);
  return judged(cluster, asking, name, { from, to });
}

/** The longest that an answer may take, and the time that it takes to a log. */
const SETTLE_MS = 9_000;

function print(name: string, { from, to }: Stretch, seen: Seen): void {
  process.stdout.write(`${name}, ${((to - from) / 1000).toFixed(1)} s\n`);
  for (const [pod, { asked, tokens, wrong, wrongDirect, direct, lost, longestWithoutMs }] of seen) {
    const losses = Object.entries(lost).map(([why, times]) => `${times} ${why}`);
    const ofImds = `${direct} by IMDS itself (${wrongDirect} wrong)`;
    const counts = `${asked} asked, ${tokens} tokens, ${wrong} wrong, ${ofImds}, lost: ${losses.join(", ") || "none"}`;
    process.stdout.write(`  ${pod}: ${counts}; at most ${longestWithoutMs} ms without\n`);
  }
}

import { setTimeout } from "node:timers/promises";
import { expect } from "vitest";
import { nmiRules } from "../support/release.ts";
import { changesOf, changesOutsideOfTerms, overlaps, termsOf } from "./judge/writers.ts";
import type { Seen } from "./watch.ts";
import type { UpgradeWorld } from "./world.ts";

/** The longest that a node's NMI needs to start on a busy machine. */
const START_MS = 8_000;

/** What is looked at where nothing changes. */
export const aWhile = () => setTimeout(10_000);

/** A connection that a pod keeps to the NMI of 1.x ends with it, under a request or two. */
const MOST_LOST = 3;

/** Nobody reaches IMDS or gets another's token, and all that is lost is what ends with a connection to the old NMI. */
export function expectUpgraded(seen: Seen): void {
  for (const [pod, { wrong, direct, lost }] of seen) {
    expect([pod, wrong, direct]).toEqual([pod, 0, 0]);
    const [reasons, times] = [Object.keys(lost), Object.values(lost).reduce((sum, one) => sum + one, 0)];
    expect([pod, reasons.filter((why) => !why.startsWith("ECONN"))]).toEqual([pod, []]);
    expect(times).toBeLessThanOrEqual(MOST_LOST);
  }
}

export function expectNoneLost(seen: Seen): void {
  for (const [pod, { wrong, lost, direct }] of seen) expect([pod, wrong, lost, direct]).toEqual([pod, 0, {}, 0]);
}

/** Pods are refused until the original serves, and never reach IMDS, where the rules of this release stay. */
export async function expectRolledBack(seen: Seen, world: UpgradeWorld): Promise<void> {
  for (const [pod, { wrong, direct, longestWithoutMs }] of seen) {
    expect([pod, wrong, direct]).toEqual([pod, 0, 0]);
    expect(longestWithoutMs).toBeLessThan(2 * START_MS);
  }
  const chains = new Set((await nmiRules(world, 1)).map((rule) => /aad-metadata[-\w]*/.exec(rule)?.[0]));
  expect([...chains].sort()).toEqual(["aad-metadata", "aad-metadata-guard", "aad-metadata-localnet"]);
}

/** Whoever wrote held the lock, and no two wrote at one time. */
export async function expectOneWriter(world: UpgradeWorld): Promise<void> {
  const { audit, calls } = await world.written();
  const changes = changesOf(audit, calls);
  const terms = termsOf(audit);
  const writers = new Set(changes.map(({ by }) => by));
  process.stdout.write(`${changes.length} changes by ${writers.size} MICs, which led ${terms.length} times\n`);
  expect(writers.size).toBeGreaterThanOrEqual(3);
  expect([overlaps(changes), changesOutsideOfTerms(changes, terms)]).toEqual([[], []]);
}

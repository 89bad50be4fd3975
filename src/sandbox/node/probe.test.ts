import type { Probe } from "kubernetes-types/core/v1.d.ts";
import { expect, it } from "vitest";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import { repeat } from "./probe.ts";

/** What is told while a probe gets these answers, one a period; an empty one is a good one. */
async function told(probe: Probe, answers: readonly string[], isPatient = false): Promise<readonly string[]> {
  const clock = new FakeClock();
  const over = new AbortController();
  const said: string[] = [];
  const left = [...answers];
  const ask = async () => {
    if (left.length === 0) over.abort();
    return left.shift() ?? "";
  };
  const done = repeat(probe, ask, {
    ...{ clock, signal: over.signal, isPatient },
    fares: (holds) => said.push(`${holds}`),
    missed: (what) => said.push(`missed: ${what}`),
  });
  await clock.passUntil(done, 1_000);
  return said;
}

const probe = { periodSeconds: 1 };

it("holds once it went well as often in succession as it must", async () => {
  const answers = ["", "", "bad", "", "", ""];
  expect(await told({ ...probe, successThreshold: 3 }, answers)).toEqual(["missed: bad", "true"]);
});

it("does not hold once it failed as often in succession as it may, and tells each failure", async () => {
  expect(await told({ ...probe, failureThreshold: 2, successThreshold: 9 }, ["one", "", "two", "three"])).toEqual([
    ...["missed: one", "missed: two", "missed: three"],
    "false",
  ]);
});

it("tells nothing of attempts that it makes beyond its period until it went well", async () => {
  const twice = { ...probe, failureThreshold: 9 };
  expect(await told(twice, ["early", "early", "early", "late"], true)).toEqual(["missed: late"]);
  expect(await told(twice, ["early", "", "late"], true)).toEqual(["true", "missed: late"]);
});

it("takes an attempt that cannot be made for one that failed", async () => {
  const clock = new FakeClock();
  const over = new AbortController();
  const missed = Promise.withResolvers<string>();
  const ask = () => Promise.reject(new Error("no network"));
  const options = { clock, signal: over.signal, isPatient: false, fares: () => {}, missed: missed.resolve };
  const done = repeat(probe, ask, options);
  expect(await clock.passUntil(missed.promise, 1_000)).toBe("no network");
  over.abort();
  await done;
});

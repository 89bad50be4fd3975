import { expect, it } from "vitest";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { Rests } from "./rests.ts";

it("has one rest of a kind for a machine: the next one ends the one before", () => {
  const clock = new FakeClock();
  let ended = 0;
  const rests = new Rests(clock, () => {
    ended += 1;
  });
  const never = new AbortController().signal;
  for (const ms of [1_000, 60_000]) rests.begin("vm", { hold: "same", asked: new Set() }, ms, never);
  expect([clock.asleepFor, ended]).toEqual([[60_000], 0]);
});

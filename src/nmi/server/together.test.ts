import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import { together } from "./together.ts";

it("things are done in their order, once all that comes in a turn is there", async () => {
  const seen: string[] = [];
  const soon = together();
  soon(() => seen.push("first"));
  await Promise.resolve();
  soon(() => seen.push("second"));
  seen.push("all read");
  await turn();
  expect(seen).toEqual(["all read", "first", "second"]);
});

it("what is added by another waits for the next turn, and is done once", async () => {
  const seen: string[] = [];
  const soon = together();
  soon(() => {
    soon(() => seen.push("of the first"));
    seen.push("first");
  });
  soon(() => seen.push("second"));
  await turn();
  expect(seen).toEqual(["first", "second"]);
  await turn();
  await turn();
  expect(seen).toEqual(["first", "second", "of the first"]);
});

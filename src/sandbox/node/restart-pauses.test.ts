import { expect, it } from "vitest";
import { inWords, KUBELET_TIMES, RestartPauses } from "./restart-pauses.ts";

it("starts a container again at once, then after pauses that double up to five minutes, as a kubelet does", () => {
  const pauses = new RestartPauses(KUBELET_TIMES);
  const waited = Array.from({ length: 8 }, () => inWords(pauses.after(1_000)));
  expect(waited).toEqual(["0ms", "10s", "20s", "40s", "1m20s", "2m40s", "5m0s", "5m0s"]);
});

it("begins anew after a run of more than ten minutes, and only then", () => {
  const pauses = new RestartPauses(KUBELET_TIMES);
  for (let run = 0; run < 3; run += 1) pauses.after(1_000);
  expect(pauses.after(600_000)).toBe(40_000);
  expect(pauses.after(600_001)).toBe(0);
  expect(pauses.after(1_000)).toBe(10_000);
});

import { expect, it } from "vitest";
import { timesText } from "./cluster/support/times-text.ts";

it("the parts of a run on the cluster are told in their order, what files did to begin is among the rest, and the slowest tests", () => {
  const test = (title: string, duration: number, status = "passed") => ({ title, status, duration });
  const file = (name: string, startTime: number, endTime: number, ...assertionResults: ReturnType<typeof test>[]) => {
    return { name: `/x/${name}.test.ts`, startTime, endTime, assertionResults };
  };
  const testResults = [
    file("pods", 60_000, 95_000, test("a job", 20_000), test("replicas", 15_000, "failed")),
    file("nodes", 10_000, 40_000, test("a drained node", 30_000)),
  ];
  const installed = { part: "chart installed", meanwhile: true };
  const times = [
    { part: "nodes ready", seconds: 5, meanwhile: false },
    { ...installed, seconds: 6.25 },
    { ...installed, seconds: 7 },
  ];
  expect(timesText(times, { testResults }, 100).split("\n")).toEqual([
    "part               seconds",
    "nodes ready            5.0",
    "nodes                 30.0  1 of 1 tests passed",
    "pods                  35.0  1 of 2 tests passed",
    "between the tests     30.0  chart installed 2 times in 13.3 s",
    "together             100.0",
    "",
    "slowest tests  seconds",
    "nodes             30.0  a drained node",
    "pods              20.0  a job",
    "pods              15.0  replicas",
    "",
  ]);
});

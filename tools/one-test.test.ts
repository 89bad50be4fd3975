import { describe, expect, it } from "vitest";
import { colourOf, projectOf, type Report, rankOf } from "./one-test.ts";

type Result = Report["testResults"][number]["assertionResults"][number];

function result(fullName: string, status: string, ...failureMessages: readonly string[]): Result {
  return { fullName, status, failureMessages };
}

describe("the colour of a test", () => {
  it.each<{ when: string; results: readonly Result[]; success?: boolean; then: string }>([
    { when: "it passed", results: [result("MIC is well", "passed")], then: "green" },
    { when: "others were left out", results: [result("x", "skipped"), result("MIC is well", "passed")], then: "green" },
    {
      when: "an expectation did not hold",
      results: [result("MIC is well", "failed", "AssertionError: expected 1 to be 2")],
      success: false,
      then: "red",
    },
    {
      when: "one never came true",
      results: [result("MIC is well", "failed", "Error: expected [] to deeply equal [ 1 ]")],
      success: false,
      then: "red",
    },
    {
      when: "one of its cases failed",
      results: [result("MIC is well", "passed"), result("MIC is well too", "failed", "AssertionError: no")],
      success: false,
      then: "red",
    },
    {
      when: "the broken code does not even run",
      results: [result("MIC is well", "failed", "ReferenceError: x is not defined")],
      success: false,
      then: "crashed",
    },
    {
      when: "it took too long",
      results: [result("MIC is well", "failed", "Error: Test timed out in 5000ms.")],
      success: false,
      then: "crashed",
    },
    { when: "this machine lacks something", results: [result("MIC is well", "skipped")], then: "skipped" },
    { when: "no test has the name", results: [result("MIC is ill", "skipped")], then: "not there" },
    { when: "its file does not load", results: [], success: false, then: "not running" },
  ])("is $then when $when", ({ results, success = true, then }) => {
    expect(colourOf({ success, testResults: [{ assertionResults: results }] }, "is well")).toBe(then);
  });
});

it("the project of a test follows from its file, and what takes long ranks first", () => {
  const files = [
    "src/a.test.ts",
    "test/a.test.ts",
    "src/a.live.test.ts",
    "test/contract/a.test.ts",
    "test/chart/a.test.ts",
    "test/e2e/a.test.ts",
  ];
  const tests = files.map((file) => ({ file, name: "" }));
  expect(tests.map(projectOf)).toEqual(["unit", "unit", "live", "contract", "chart", "e2e"]);
  expect(tests.map(rankOf)).toEqual([4, 4, 3, 2, 1, 0]);
});

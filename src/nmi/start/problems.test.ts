import { expect, it } from "vitest";
import { readConfig } from "../../base/options.ts";
import { nmiOptions } from "./options.ts";
import { startProblems } from "./problems.ts";

const problems = (...argv: readonly string[]) => startProblems(readConfig("nmi", nmiOptions, argv, {}).config, {});

it("everything that keeps NMI from starting is told at once", () => {
  const argv = ["--operation-mode=other", "--mic-service-account=mic", "--metadata-ip=0.0.0.0"];
  expect(problems(...argv, "--nmi-listen-address=foo")).toEqual([
    expect.stringMatching(/^--node is empty: /),
    expect.stringMatching(/^--metadata-ip=0\.0\.0\.0 /),
    expect.stringMatching(/^--nmi-listen-address=foo /),
    expect.stringMatching(/operation mode other not supported/),
    expect.stringMatching(/^--mic-service-account=mic /),
  ]);
});

it("nothing of it matters to whoever only removes the rules", () => {
  expect(problems("--cleanup", "--metadata-ip=imds.local")).toEqual([]);
  expect(problems("--node=a")).toEqual([]);
});

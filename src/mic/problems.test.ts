import { expect, it } from "vitest";
import { readConfig } from "../base/options.ts";
import { micOptions } from "./options.ts";
import { startProblems } from "./problems.ts";

const problems = (...argv: readonly string[]) =>
  startProblems(readConfig("mic", micOptions, argv, {}).config, { MIC_POD_NAMESPACE: "default" });

it("everything that keeps MIC from starting is told at once", () => {
  const { config } = readConfig("mic", micOptions, ["--http-probe-port=9000", "--prometheus-port=9000"], {});
  expect(startProblems(config, {})).toEqual([
    "namespace not specified. Please add meta.namespace as env variable MIC_POD_NAMESPACE",
    "--http-probe-port and --prometheus-port would listen on one port, 9000: choose different ones",
  ]);
});

it("two of its ports may not be one", () => {
  expect(problems("--prometheus-port=8080")).toEqual([
    expect.stringMatching(/^--http-probe-port and --prometheus-port /),
  ]);
  expect(problems("--prometheus-port=6060")).toEqual([]);
  expect(problems("--prometheus-port=6060", "--enableProfile")).toEqual([
    expect.stringMatching(/^--prometheus-port and --enableProfile would listen on one port, 6060: /),
  ]);
});

it("but any two free ones, or those of a dry run, which listens nowhere", () => {
  expect(problems("--http-probe-port=0", "--prometheus-port=0")).toEqual([]);
  expect(problems("--prometheus-port=8080", "--dry-run")).toEqual([]);
});

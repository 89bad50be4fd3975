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

it("two of its ports may not be one, unless the system chooses them", () => {
  const told = (...argv: readonly string[]) => problems("--node=a", ...argv);
  expect(told("--prometheus-port=9000", "--http-probe-port=9000")).toEqual([
    "--http-probe-port and --prometheus-port would listen on one port, 9000: choose different ones",
  ]);
  expect(told("--prometheus-port=2579", "--http-probe-port=2579")).toEqual([
    "--nmi-port, --http-probe-port and --prometheus-port would listen on one port, 2579: choose different ones",
  ]);
  expect(told("--nmi-port=6060", "--enableProfile")).toEqual([
    expect.stringMatching(/^--nmi-port and --enableProfile /),
  ]);
  expect(told("--nmi-port=6060")).toEqual([]);
  expect(told("--prometheus-port=0", "--http-probe-port=0", "--nmi-port=0")).toEqual([]);
});

it("nothing of it matters to whoever only removes the rules", () => {
  expect(problems("--cleanup", "--metadata-ip=imds.local", "--http-probe-port=9090")).toEqual([]);
  expect(problems("--node=a")).toEqual([]);
});

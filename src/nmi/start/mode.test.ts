import { describe, expect, it } from "vitest";
import { readConfig } from "../../base/options.ts";
import { isManagedMode, modeProblems } from "./mode.ts";
import { nmiOptions } from "./options.ts";

const config = (...argv: readonly string[]) => readConfig("nmi", nmiOptions, argv, {}).config;

describe("the operation mode", () => {
  it.each([
    { argv: [], env: {}, managed: false },
    { argv: ["--operation-mode=Standard"], env: {}, managed: false },
    { argv: ["--operation-mode=managed", "--forceNamespaced"], env: {}, managed: true },
    { argv: ["--operation-mode=Managed", "--forceNamespaced=false"], env: { FORCENAMESPACED: "true" }, managed: true },
  ])("is right: $argv $env", ({ argv, env, managed }) => {
    expect([modeProblems(config(...argv), env), isManagedMode(config(...argv))]).toEqual([[], managed]);
  });

  it.each([
    {
      argv: ["--operation-mode=MANAGED"],
      env: { FORCENAMESPACED: "yes" },
      says: "managed mode not intialized in force namespaced mode: add --forceNamespaced",
    },
    { argv: ["--operation-mode=other"], env: {}, says: "operation mode other not supported: --operation-mode is" },
    { argv: ["--operation-mode="], env: {}, says: "operation mode  not supported" },
  ])("is refused in the original's words: $argv", ({ argv, env, says }) => {
    const [problem, ...more] = modeProblems(config(...argv), env);
    expect(more).toEqual([]);
    expect(problem).toContain(`failed to initialize token client, error: ${says}`);
  });
});

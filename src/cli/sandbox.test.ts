import { expect, it } from "vitest";
import { troubleLog } from "./sandbox.ts";

it("tells warnings and errors of the sandbox, of each part of it, and nothing else", () => {
  const lines: string[] = [];
  const log = troubleLog({ write: (line) => lines.push(line), verbosity: 9 });
  for (const one of [log, log.named("part")]) {
    one.info("started");
    one.verbose(1, "detail");
    one.warn("the guard was killed");
    one.error("no guard any more");
  }
  expect(lines.map((line) => line[0])).toEqual(["W", "E", "W", "E"]);
  expect(lines[2]).toContain("part] the guard was killed");
});

import { expect, it } from "vitest";
import { tellTrouble, troubleLog } from "./sandbox.ts";
import { Screen } from "./screen.ts";

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

it("takes the line of how things stand away before trouble is told, and draws it again after", () => {
  const shown: string[] = [];
  const write = (text: string) => void shown.push(text);
  const screen = new Screen({ write, isTerminal: true, hasColour: false });
  screen.status("2 nodes");
  tellTrouble("W] the guard was killed\n", screen, write);
  screen.status("2 nodes");
  expect(shown).toEqual(["\r\u001b[K2 nodes", "\r\u001b[K", "W] the guard was killed\n", "\r\u001b[K2 nodes"]);
});

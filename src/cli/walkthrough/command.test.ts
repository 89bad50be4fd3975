import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCommand } from "../command.ts";
import { Screen } from "../screen.ts";
import { walkthroughs } from "./catalogue.ts";
import { walkthroughCommand } from "./command.ts";

const ROOT = join(import.meta.dirname, "../../..");

async function run(...words: string[]): Promise<string> {
  let written = "";
  const write = (text: string) => {
    written += text;
  };
  const screen = new Screen({ write, isTerminal: false, hasColour: false });
  const context = { signal: AbortSignal.abort(), screen, root: "/" };
  await runCommand([walkthroughCommand], ["walkthrough", ...words], context);
  return written;
}

describe("walkthrough --list", () => {
  it("names every walkthrough and what it shows, in lines of a terminal's width", async () => {
    const lines = (await run("--list")).trimEnd().split("\n");
    for (const { name, shows } of walkthroughs) {
      expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^ {2}${name} +\\d+ s {2}${shows}$`)));
    }
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  it("leads to guides that exist", () => {
    expect(walkthroughs.filter(({ guide }) => !existsSync(join(ROOT, guide)))).toEqual([]);
  });
});

it.each([
  { words: ["namespace"], says: /^there is no walkthrough "namespace": choose one of standard, .*namespaced/ },
  {
    words: ["managed-mode", "--break=mic"],
    says: /^--break goes with the walkthrough standard: leave it, or "managed-/,
  },
  { words: ["standard", "--older-yaml"], says: /^--older-yaml is the walkthrough older-yaml: leave it, or "standard"/ },
  { words: ["--kubectl=/nowhere"], says: /^--kubectl takes auto, none or the path of a program, not "\/nowhere"/ },
  { words: ["--kubectl=none", "--timeout=0"], says: /^--timeout takes a whole number of seconds from 1 to 9999/ },
])("refuses $words in one sentence, before anything starts", async ({ words, says }) => {
  await expect(run(...words)).rejects.toThrow(
    expect.objectContaining({ code: "FLAG_INVALID", message: expect.stringMatching(says) }),
  );
});

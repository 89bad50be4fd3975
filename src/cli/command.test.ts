import { describe, expect, it } from "vitest";
import { type Command, type CommandValues, runCommand } from "./command.ts";
import { Screen } from "./screen.ts";

const screen = new Screen({ write: () => {}, isTerminal: false, hasColour: false });
const context = { signal: new AbortController().signal, screen, root: "/" };

function run(...words: string[]) {
  const seen: CommandValues[] = [];
  const command: Command = {
    name: "walk",
    summary: "Walk.",
    options: [
      { flags: "--keep", help: "keep" },
      { flags: "--timeout <seconds>", help: "time", fallback: "60" },
      { flags: "--break <part>", help: "break", choices: ["mic", "identity"] },
      { flags: "--names <names>", help: "names", fallback: "demo", isRepeated: true },
    ],
    examples: ["podid walk --keep"],
    run: async (values) => void seen.push(values),
  };
  const done = runCommand([command], words, context);
  return { done, seen };
}

it("hands a command its values, with defaults", async () => {
  const { done, seen } = run("walk", "--keep", "--break=mic");
  await done;
  expect(seen).toEqual([{ keep: true, timeout: "60", break: "mic", names: "demo" }]);
});

it("hands a command all values of an option that is given several times, without the default", async () => {
  const { done, seen } = run("walk", "--names=a", "--names=b,c");
  await done;
  expect(seen).toMatchObject([{ names: ["a", "b,c"] }]);
});

it.each([
  { words: ["run"], says: "unknown command 'run'" },
  { words: ["walk", "--fast"], says: "unknown option '--fast'" },
  { words: ["walk", "--kept"], says: "unknown option '--kept' (Did you mean --keep?)" },
  { words: ["walk", "far"], says: "too many arguments for 'walk'" },
  { words: ["walk", "--timeout"], says: "option '--timeout <seconds>' argument missing" },
  { words: ["walk", "--break=nmi"], says: "Allowed choices are mic, identity" },
])("refuses $words in one sentence", async ({ words, says }) => {
  const { done, seen } = run(...words);
  await expect(done).rejects.toThrow(
    expect.objectContaining({ code: "FLAG_INVALID", message: expect.stringContaining(says) }),
  );
  const hint = words[0] === "walk" ? 'run "podid walk --help" for its options' : 'run "podid --help" for all commands';
  await expect(done).rejects.toThrow(new RegExp(`^.*; ${hint}$`));
  expect(seen).toEqual([]);
});

describe("a command that takes one word or none", () => {
  const seen: CommandValues[] = [];
  const command: Command = {
    name: "show",
    summary: "Show.",
    words: { name: "place", help: "which", choices: ["here", "there"], isOptional: true },
    options: [],
    examples: [],
    run: async (values) => void seen.push(values),
  };

  it("takes it, or none", async () => {
    await runCommand([command], ["show", "there"], context);
    await runCommand([command], ["show"], context);
    expect(seen).toEqual([{ place: "there" }, { place: undefined }]);
  });

  it.each([
    { words: ["nowhere"], says: 'there is no place "nowhere": choose one of here, there' },
    { words: ["here", "there"], says: "too many arguments for 'show'" },
  ])("refuses $words in one sentence", async ({ words, says }) => {
    await expect(runCommand([command], ["show", ...words], context)).rejects.toThrow(
      expect.objectContaining({ code: "FLAG_INVALID", message: expect.stringContaining(says) }),
    );
  });
});

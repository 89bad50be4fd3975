import { expect, it } from "vitest";
import { type CommandValues, runCommand } from "./command.ts";
import { planOptions, planWishes } from "./sandbox-plan.ts";
import { Screen } from "./screen.ts";

async function wishesOf(...words: readonly string[]) {
  const screen = new Screen({ write: () => {}, isTerminal: false, hasColour: false });
  const context = { signal: new AbortController().signal, screen, root: "/" };
  const seen: CommandValues[] = [];
  const run = async (values: CommandValues) => void seen.push(values);
  await runCommand(
    [{ name: "plan", summary: "Plan.", options: planOptions, examples: [], run }],
    ["plan", ...words],
    context,
  );
  return await planWishes(seen[0] ?? {});
}

it.each([
  { option: "vms", name: "vms" },
  { option: "scale-sets", name: "scaleSets" },
  { option: "identities", name: "identities" },
  { option: "namespaces", name: "namespaces" },
])("joins what --$option lists when it is given twice", async ({ option, name }) => {
  expect(await wishesOf(`--${option}=a`, `--${option}`, "b,c")).toMatchObject({ [name]: "a,b,c" });
});

it("wishes for nothing by itself", async () => {
  expect(Object.values(await wishesOf()).filter((wish) => wish !== undefined)).toEqual([]);
});

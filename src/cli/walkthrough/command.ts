import { Fault } from "../../base/fault.ts";
import type { CliContext, Command, CommandValues } from "../command.ts";
import { networkOption, tellSandbox, untilStopped } from "../sandbox.ts";
import { listing, type Walkthrough, walkthroughs } from "./catalogue.ts";
import { leaveCluster } from "./leave.ts";
import { openWalk } from "./open.ts";
import type { Step, Walk } from "./walk.ts";

export const walkthroughCommand: Command = {
  name: "walkthrough",
  summary: "Go through a guide on an embedded sandbox, typing what it has a person type, and check every step.",
  words: {
    name: "walkthrough",
    help: "which one; standard when left out",
    choices: walkthroughs.map(({ name }) => name),
    isOptional: true,
  },
  options: [
    { flags: "--list", help: "say which there are, and what each shows" },
    { flags: "--keep", help: "leave everything running before the clean-up, or where a step fails, until Ctrl-C" },
    { flags: "--older-yaml", help: "the same as the walkthrough older-yaml" },
    { flags: "--timeout <seconds>", help: "how long one step may take", fallback: "60" },
    {
      flags: "--break <part>",
      help: "break something on purpose in the walkthrough standard, to see how it is told",
      choices: ["mic", "identity", "permission"],
    },
    {
      flags: "--kubectl <program>",
      help: "the kubectl that types: a path, the first of PATH (auto), or none, to do the same by the API itself",
      fallback: "auto",
    },
    {
      flags: "--with-real-kubernetes <kubeconfig>",
      help: "use this API server, of an empty test cluster, in place of the embedded one",
    },
    networkOption,
  ],
  examples: [
    "podid walkthrough --list",
    "podid walkthrough",
    "podid walkthrough --keep",
    "podid walkthrough --break=identity --timeout=10",
  ],
  run: async (values, context) => {
    if (values.list === true) context.screen.say(listing());
    else await walkThrough(chosen(values), values, context);
  },
};

/** @throws Fault FLAG_INVALID for options that do not go together */
function chosen({ walkthrough, olderYaml, break: part }: CommandValues): Walkthrough {
  const name = walkthrough ?? (olderYaml === true ? "older-yaml" : "standard");
  const found = walkthroughs.find((one) => one.name === name);
  if (found === undefined) throw new Fault("FLAG_INVALID", `there is no walkthrough "${String(name)}"`);
  if (olderYaml === true && name !== "older-yaml")
    throw new Fault("FLAG_INVALID", `--older-yaml is the walkthrough older-yaml: leave it, or "${found.name}", out`);
  if (part !== undefined && name !== "standard")
    throw new Fault("FLAG_INVALID", `--break goes with the walkthrough standard: leave it, or "${found.name}", out`);
  return found;
}

async function walkThrough(walkthrough: Walkthrough, values: CommandValues, context: CliContext): Promise<void> {
  const { screen } = context;
  await using opened = await openWalk(values, context);
  const { walk } = opened;
  const keeps = values.keep === true;
  const todo = walkthrough.steps.filter(({ isEnd }) => !(keeps && isEnd === true));
  try {
    screen.say(`\nWalkthrough "${walkthrough.name}": ${walkthrough.shows}.\nIts guide is ${walkthrough.guide}.`);
    for (const [i, step] of todo.entries()) await runStep(walk, step, `Step ${i + 1} of ${todo.length}: ${step.title}`);
    screen.say(`\nAll ${todo.length} steps held.`);
    if (keeps) await keep(walk, context);
  } catch (reason) {
    if (!Fault.is(reason, "STEP_FAILED")) throw reason;
    if (keeps) await keep(walk, context);
    else screen.say("  To look around where it fails: the same with --keep.");
    throw reason;
  } finally {
    // The embedded Kubernetes ends with the sandbox; a cluster of the user's own must not keep what we put there.
    if (walk.isOnOwnCluster) await leaveCluster(walk, opened.own);
  }
}

async function keep({ sandbox }: Walk, context: CliContext): Promise<void> {
  tellSandbox(sandbox, context.screen);
  await untilStopped(context);
}

async function runStep(walk: Walk, step: Step, heading: string): Promise<void> {
  walk.screen.heading(heading);
  try {
    await step.run(walk);
  } catch (reason) {
    walk.signal.throwIfAborted();
    const fault = Fault.from(reason);
    if (fault.code === "UNEXPECTED") throw reason;
    walk.screen.failed(fault.message);
    throw new Fault("STEP_FAILED", `${heading} did not hold: ${fault.message}`, { cause: reason });
  }
}

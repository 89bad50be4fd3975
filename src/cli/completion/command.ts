import { basename } from "node:path";
import { Fault } from "../../base/fault.ts";
import type { Command } from "../command.ts";
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { offered } from "./offered.ts";
import { zshScript } from "./zsh.ts";

const shells = { bash: bashScript, zsh: zshScript, fish: fishScript };
const names = Object.keys(shells) as (keyof typeof shells)[];

/** The command that has a shell complete these commands, and itself. */
export function completionCommand(others: readonly Command[]): Command {
  const self: Command = {
    name: "completion",
    summary: "Print a script by which a shell completes commands, options and values of podid.",
    words: { name: "shell", help: "whose script; that of SHELL when left out", choices: names, isOptional: true },
    options: [],
    examples: ["source <(podid completion bash)", "source <(podid completion zsh)", "podid completion fish | source"],
    run: async ({ shell }, { screen, env = {} }) => {
      const wanted = shell ?? basename(env.SHELL ?? "");
      const name = names.find((one) => one === wanted);
      if (name === undefined)
        throw new Fault("FLAG_INVALID", `podid completion takes the name of a shell: one of ${names.join(", ")}`);
      screen.say(shells[name](await offered([...others, self])).trimEnd());
    },
  };
  return self;
}

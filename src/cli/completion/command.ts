import { Fault } from "../../base/fault.ts";
import type { Command } from "../command.ts";
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { offered } from "./offered.ts";
import { zshScript } from "./zsh.ts";

const shells = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** The command that has a shell complete these commands, and itself. */
export function completionCommand(others: readonly Command[]): Command {
  const self: Command = {
    name: "completion",
    summary: "Print a script by which a shell completes commands, options and values of podid.",
    words: { name: "shell", help: "whose script", choices: Object.keys(shells) },
    options: [],
    examples: ["source <(podid completion bash)", "source <(podid completion zsh)", "podid completion fish | source"],
    run: async ({ shell = [] }, { screen }) => {
      const [name, another] = shell as readonly (keyof typeof shells)[]; // one of the choices: commander has checked
      if (name === undefined || another !== undefined)
        throw new Fault("FLAG_INVALID", "podid completion takes one shell: bash, zsh or fish");
      screen.say(shells[name](offered([...others, self])).trimEnd());
    },
  };
  return self;
}

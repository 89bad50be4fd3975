import type { Command } from "./command.ts";
import { completionCommand } from "./completion/command.ts";
import { emulateCommand } from "./emulate.ts";
import { sandboxCommand } from "./sandbox.ts";
import { walkthroughCommand } from "./walkthrough/command.ts";

const toRun: readonly Command[] = [walkthroughCommand, sandboxCommand, emulateCommand];

/** Everything that podid does; help, completion and docs/reference/podid.md are made from it. */
export const commands: readonly Command[] = [...toRun, completionCommand(toRun)];

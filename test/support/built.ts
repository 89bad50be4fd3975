import { existsSync } from "node:fs";

/** @throws Error that says how to make the program, before a test waits in vain for what it says */
export function mustBeBuilt(program: string): void {
  if (program.includes("/") && !existsSync(program))
    throw new Error(`${program} is not there: run \`npm run build\` first`);
}

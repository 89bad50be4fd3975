import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { Fault } from "../base/fault.ts";
import { runCommand } from "../cli/command.ts";
import { commands } from "../cli/commands.ts";
import { Screen } from "../cli/screen.ts";

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => stop.abort(new Fault("CANCELLED", `stopped by ${signal}`)));
}
// Whoever read our output has gone, as `head` does: stop, and leave nothing behind.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", () => stop.abort(new Fault("CANCELLED", "nobody reads the output any more")));
const screen = new Screen({
  write: (text) => void process.stdout.write(text),
  isTerminal: process.stdout.isTTY === true && process.env.TERM !== "dumb",
  columns: () => process.stdout.columns ?? 80,
  hasColour: process.stdout.isTTY === true && !process.env.NO_COLOR,
});
// Runs as dist/podid.cjs and as src/bin/podid.ts; bin/ and charts/ are beside dist/ and src/.
const here = dirname(realpathSync(process.argv[1] ?? ""));
const root = here.endsWith(join("src", "bin")) ? join(here, "../..") : join(here, "..");

async function main(): Promise<number> {
  try {
    await runCommand(commands, process.argv.slice(2), {
      signal: stop.signal,
      screen,
      root,
      env: process.env,
    });
    return 0;
  } catch (reason) {
    const fault = Fault.from(reason);
    const text = fault.code === "UNEXPECTED" ? `a defect of ours, please report it: ${originOf(fault)}` : fault.message;
    process.stderr.write(`podid: ${text}\n`);
    return fault.exitCode;
  }
}

function originOf(fault: Fault): string {
  return (fault.cause instanceof Error ? fault.cause.stack : undefined) ?? fault.stack ?? fault.message;
}

void main().then((code) => process.exit(code));

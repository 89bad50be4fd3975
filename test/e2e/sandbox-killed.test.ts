import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, it, onTestFinished } from "vitest";
import { chances } from "../support/chances.ts";
import { namespacesMissing } from "../support/namespaces.ts";
import { descendants, isRunning } from "../support/processes.ts";
import { type RunningProgram, startProgram } from "../support/program.ts";
import { eventually } from "../support/time/eventually.ts";

/** A kubectl that does not end, and what it has started in a session of its own. */
const ENDLESS = "#!/bin/sh\nsetsid sleep 600 &\nsleep 600\n";
/** By then the sandbox is up, and its pods start. */
const LATEST_MS = 2_000;

const missing = namespacesMissing();
const { seed, below } = chances();
const runs = [
  { network: "forwarders", moment: below(LATEST_MS), isHere: true, why: "" },
  {
    network: "namespaces",
    moment: below(LATEST_MS),
    isHere: missing === undefined,
    why: missing && ` (skipped: ${missing})`,
  },
];
process.stdout.write(`killed sandboxes: seed ${seed} (KILL_SEED replays it)\n`);

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return ""; // it has ended
  }
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "killed-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Kills it, and waits until nothing is left of what it had started and of what it kept in its folder. */
async function killAll(podid: RunningProgram, folder: string): Promise<void> {
  podid.kill("SIGSTOP"); // so that it starts nothing more while we look
  const left = descendants(podid.pid);
  podid.kill("SIGKILL");
  await eventually(() => left.filter(isRunning)).toEqual([]);
  await eventually(() => readdirSync(folder)).toEqual([]);
}

describe("a sandbox that is killed", () => {
  for (const { network, moment, isHere, why = "" } of runs) {
    it.runIf(isHere)(`leaves nothing behind of its start, with ${network}${why}`, async () => {
      const folder = temporaryFolder();
      const args = ["walkthrough", "service-principals", `--network=${network}`];
      await using podid = startProgram("podid", args, { env: { TMPDIR: folder } });
      await setTimeout(moment);
      await killAll(podid, folder);
    });
  }

  it("ends kubectl with all that it has started", async () => {
    const [folder, programs] = [temporaryFolder(), temporaryFolder()];
    const file = join(programs, "kubectl");
    writeFileSync(file, ENDLESS, { mode: 0o755 });
    const args = ["walkthrough", "--network=forwarders", `--kubectl=${file}`];
    await using podid = startProgram("podid", args, { env: { TMPDIR: folder } });
    const sleeping = () => descendants(podid.pid).filter((pid) => commandLine(pid) === "sleep 600");
    await eventually(() => sleeping().length).toBe(2);
    await killAll(podid, folder);
  });
});

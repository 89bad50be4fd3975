import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Log } from "../../base/log.ts";
import { MARK, newMark } from "./mark.ts";

/** Ends what is left of a sandbox when the sandbox itself can't. Disposing ends it in the ordinary way. */
export type Guard = AsyncDisposable & {
  /** What marks its processes: those that carry a mark made of it end with the sandbox, even in sessions of their own. */
  readonly mark: string;
  /** From now on the process, and the group that it leads, ends with the sandbox. Resolves once the guard is told. */
  readonly add: (pid: number) => Promise<void>;
  /** The process has ended, or may stay. */
  readonly remove: (pid: number) => Promise<void>;
};

// A process is known by its pid and its start time (field 22 of its stat, the 20th after the name), so that another
// process that got the same number is never killed. The loop ends when nobody holds the other end of the pipe. What has
// left the groups of its listed processes is found by its mark, more than once, as it may be starting another process.
const SCRIPT = `
trap '' HUP INT TERM
folder=$1 mark=$2 listed=
while read -r verb pid start; do
  others=
  for entry in $listed; do [ "\${entry%:*}" = "$pid" ] || others="$others $entry"; done
  listed=$others
  [ "$verb" = add ] && listed="$listed $pid:$start"
done
for entry in $listed; do
  pid=\${entry%:*}
  stat=$(cat "/proc/$pid/stat" 2>/dev/null) || continue
  set -- \${stat##*)}
  [ "\${20}" = "\${entry#*:}" ] || continue
  kill -KILL "-$pid"
  kill -KILL "$pid"
done 2>/dev/null
for round in 1 2 3; do
  for environ in $(grep -lzF "$mark" /proc/[0-9]*/environ); do
    pid=\${environ#/proc/}
    kill -KILL "\${pid%/environ}"
  done
done 2>/dev/null
for attempt in 1 2 3 4 5; do
  rm -rf -- "$folder" && break
  sleep 1
done
`;

/** A shell that ends by itself would end again and again. */
const MOST_SHELLS = 20;

export type GuardOptions = {
  /** The temporary folder of the sandbox. */
  readonly folder: string;
  readonly log: Log;
  readonly startTime?: (pid: number) => string | undefined;
};

/** One shell that guards, from its start to its end. */
type Shell = {
  /** Whether it heard the line. */
  readonly tell: (line: string) => Promise<boolean>;
  /** Lets it do its work and end. */
  readonly end: () => void;
  /** Whether it was killed, and so did nothing. */
  readonly ended: Promise<boolean>;
};

/**
 * Starts the guard: a small shell in a session of its own that lists processes and, when this process ends in any way
 * at all, kills those still listed and removes the sandbox's temporary folder. One that is killed is replaced.
 */
export async function startGuard({ folder, log, startTime = startTimeOf }: GuardOptions): Promise<Guard> {
  const listed = new Map<number, string>();
  let isEnding = false;
  const mark = newMark();
  let shell = startShell(folder, mark);
  const watchOver = async (): Promise<void> => {
    for (let shells = 1; ; shells += 1) {
      const wasKilled = await (await shell).ended;
      if (isEnding && !wasKilled) return;
      if (shells === MOST_SHELLS) {
        log.error("the sandbox has no guard any more: if it is killed, processes stay behind");
        return;
      }
      if (!isEnding) log.warn("the sandbox's guard was killed, another takes its place");
      shell = startShell(folder, mark, listed);
      if (isEnding) (await shell).end();
    }
  };
  const over = watchOver();
  const tell = async (line: string): Promise<void> => {
    const one = await shell;
    if (await one.tell(line)) return;
    await one.ended;
    await shell; // which was told all that is listed
  };

  await shell;
  return {
    mark,
    add: async (pid) => {
      const start = startTime(pid);
      if (start === undefined) return;
      listed.set(pid, start);
      await tell(`add ${pid} ${start}`);
    },
    remove: async (pid) => {
      listed.delete(pid);
      await tell(`del ${pid}`);
    },
    [Symbol.asyncDispose]: async () => {
      isEnding = true;
      (await shell).end();
      await over;
    },
  };
}

async function startShell(
  folder: string,
  mark: string,
  listed: ReadonlyMap<number, string> = new Map(),
): Promise<Shell> {
  const shell = spawn("/bin/sh", ["-c", SCRIPT, "aad-pod-identity-guard", folder, `${MARK}=${mark}/`], {
    cwd: "/",
    detached: true, // Ctrl-C in the terminal is for the sandbox; the guard has to live longer
    stdio: ["pipe", "ignore", "ignore"],
  });
  const ended = once(shell, "exit").then(([, signal]) => signal !== null);
  await once(shell, "spawn");
  const { stdin } = shell;
  stdin.on("error", () => {}); // the write's callback reports it
  const tell = (line: string) =>
    new Promise<boolean>((resolve) => stdin.write(`${line}\n`, (error) => resolve(!error)));
  for (const [listedPid, start] of listed) await tell(`add ${listedPid} ${start}`);
  return { tell, end: () => stdin.end(), ended };
}

/** When a process started, in clock ticks since boot; nothing when it has ended. */
function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

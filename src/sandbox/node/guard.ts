import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Log } from "../../base/log.ts";

/** Ends what is left of a sandbox when the sandbox itself can't. Disposing ends it in the ordinary way. */
export type Guard = AsyncDisposable & {
  /** From now on the process, and the group that it leads, ends with the sandbox. Resolves once the guard is told. */
  readonly add: (pid: number) => Promise<void>;
  /** The process has ended, or may stay. */
  readonly remove: (pid: number) => Promise<void>;
};

// A process is known by its pid and its start time (field 22 of its stat, the 20th after the name), so that another
// process that got the same number is never killed. The loop ends when nobody holds the other end of the pipe.
const SCRIPT = `
trap '' HUP INT TERM
folder=$1 listed=
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
for attempt in 1 2 3 4 5; do
  rm -rf -- "$folder" && break
  sleep 1
done
`;

export type GuardOptions = {
  /** The temporary folder of the sandbox. */
  readonly folder: string;
  readonly log: Log;
  readonly startTime?: (pid: number) => string | undefined;
};

/**
 * Starts the guard: a small shell in a session of its own that lists processes and, when this process ends in any way
 * at all, kills those still listed and removes the sandbox's temporary folder.
 */
export async function startGuard({ folder, log, startTime = startTimeOf }: GuardOptions): Promise<Guard> {
  const shell = spawn("/bin/sh", ["-c", SCRIPT, "aad-pod-identity-guard", folder], {
    cwd: "/",
    detached: true, // Ctrl-C in the terminal is for the sandbox; the guard has to live longer
    stdio: ["pipe", "ignore", "ignore"],
  });
  await once(shell, "spawn");
  const { stdin } = shell;
  let closing = false;
  stdin.on("error", () => {}); // the write's callback reports it
  const ended = once(shell, "exit").then(() => {
    if (!closing) log.error("the sandbox's guard was killed: if the sandbox is killed too, processes stay behind");
  });
  const tell = (line: string) =>
    new Promise<void>((resolve) => {
      stdin.write(`${line}\n`, () => resolve());
    });

  return {
    add: (pid) => {
      const start = startTime(pid);
      return start === undefined ? Promise.resolve() : tell(`add ${pid} ${start}`);
    },
    remove: (pid) => tell(`del ${pid}`),
    [Symbol.asyncDispose]: async () => {
      closing = true;
      stdin.end();
      await ended;
    },
  };
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

import type { Log } from "../../src/base/log.ts";
import { act, addPod, bindIdentity } from "./act.ts";
import { differences } from "./differences.ts";
import { type History, isWide, type Step } from "./history.ts";
import { MicPod } from "./mic-pod.ts";
import { serveBeside } from "./steady.ts";
import type { Counts } from "./tally.ts";
import { Watchman } from "./watchman.ts";
import { World } from "./world.ts";

/** When the trouble is over MIC has so long to put everything right, and then everything has to stay so. */
const LONGEST_MENDING_MS = 2 * 3_600_000;
const LOOK_MS = 15_000;
const STAYS_MS = 90_000;
/** Twenty times what the longest histories take. */
const WIDTH = 160;
const MOST_HAPPENINGS = 100_000;

export type Verdict = {
  readonly problems: readonly string[];
  /** How many changes of machines MIC asked for: what a history is worth. */
  readonly changes: number;
  readonly mendedAfterMs: number;
  readonly counts: Counts;
};

const silent: Log = { info() {}, warn() {}, error() {}, verbose() {}, isBehind: () => false, named: () => silent };

/** Lets a history happen, then heals everything, and says what went wrong. */
export async function run(history: History, logTo?: (line: string) => void): Promise<Verdict> {
  const { isNamespaced, pods, steps } = history;
  const world = new World(history);
  const { server, azure, timeline, owned, forgotten, forgeries, tally } = world;
  const watchman = new Watchman({ server, azure, owned, tally, now: () => timeline.now, isNamespaced });
  const log = logTo === undefined ? silent : loudLog(() => timeline.now, logTo);
  const mics = Array.from(
    { length: pods },
    (_, i) => new MicPod(`mic-${i}`, { ...world, home: () => world.home, watchman, isNamespaced, log }),
  );
  world.onAzureJson = () => {
    for (const mic of mics) mic.accessChanged();
  };
  begin(world);
  if (isWide(history)) widen(world);
  await timeline.pass(3_000);
  for (const step of steps) {
    await timeline.pass(step.afterMs);
    log.info("--- happens", { what: step.what, how: JSON.stringify(step.how) });
    act(step, world, mics);
    if (watchman.problems.length > 0) break;
  }
  if (history.steady !== undefined && watchman.problems.length === 0) {
    log.info("--- all is well but steady refusals", { steady: JSON.stringify(history.steady) });
    await serveBeside(history.steady, { world, watchman, isNamespaced });
  }
  world.heal();
  log.info("--- healed");
  const expected = { server, azure, isNamespaced, owned, forgotten, forgeries };
  const healedAt = timeline.now;
  const look = () => differences(expected);
  let left = look();
  while (watchman.problems.length === 0 && timeline.now - healedAt < LONGEST_MENDING_MS) {
    await timeline.pass(left.length === 0 ? STAYS_MS : LOOK_MS);
    if (timeline.happened > MOST_HAPPENINGS)
      watchman.object("something goes round and round and does not come to rest");
    const wasRight = left.length === 0;
    left = look();
    if (wasRight && left.length === 0) break;
  }
  for (const mic of mics) mic.end();
  await timeline.pass(0);
  const problems = watchman.problems.length > 0 ? watchman.problems : left;
  const { counts } = tally;
  return { problems, changes: watchman.changes, mendedAfterMs: timeline.now - healedAt, counts };
}

/** A cluster in which something is going on already. */
function begin(world: World): void {
  const steps = [
    {
      what: "identity is written",
      how: { namespace: "default", name: "one", resource: "res-1", isShouted: false, type: 0, isNamespaced: false },
    },
    {
      what: "identity is written",
      how: { namespace: "default", name: "two", resource: "res-2", isShouted: true, type: 0, isNamespaced: false },
    },
    { what: "binding is written", how: { namespace: "default", name: "b1", identity: "one", label: "red", weight: 0 } },
    {
      what: "binding is written",
      how: { namespace: "default", name: "b2", identity: "two", label: "blue", weight: 0 },
    },
  ] as const;
  for (const step of steps) act({ ...step, afterMs: 0 } as Step, world, []);
  addPod(world, { namespace: "default", name: "web-0", node: "vm-0", label: "red" });
}

/** A pod with more identities than a change takes. */
function widen(world: World): void {
  for (let i = 0; i < WIDTH; i += 1) bindIdentity(world, `wide-${i}`, ["wide"]);
  addPod(world, { namespace: "default", name: "wide-0", node: "vm-0", label: "wide" });
}

function loudLog(now: () => number, write: (line: string) => void): Log {
  const line =
    (severity: string) =>
    (message: string, fields: object = {}) =>
      write(`${(now() / 1000).toFixed(3)} ${severity} ${message} ${JSON.stringify(fields)}`);
  const log: Log = {
    info: line("I"),
    warn: line("W"),
    error: line("E"),
    verbose: (level, message, fields) => level <= 6 && line("V")(message, fields),
    isBehind: () => false,
    named: () => log,
  };
  return log;
}

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Backoff } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Variant } from "./iptables.ts";

/** Hears of changes of rules as they happen. */
export type RuleWatch = {
  /** Whether changes are heard of now; otherwise one has to look. */
  isListening(): boolean;
};

// `nft monitor` tells what kube-proxy does too; only changes in chains of ours and those that jump to them count.
const OF_OURS =
  /\b(add|insert|delete) rule ip (nat|filter) (aad-metadata\S*|PREROUTING|FORWARD|INPUT)( |$)|lost some netlink/i;

/** Whether a line of `nft monitor rules` may tell of a change that concerns rules of ours, or of lines that were lost. */
export function mayConcernOurs(line: string): boolean {
  return OF_OURS.test(line);
}

/** The monitor is started so late: NMI has pods to serve first, and looks at the rules often meanwhile. */
const START_MS = 1000;
/** A monitor that runs that long has begun to listen. */
const SETTLED_MS = 1000;
const RESTART = { firstMs: 500, maxMs: 60_000 } as const;
const LOOKING = "looking at the rules often, to see changes of them";

export type RuleWatchOptions = {
  readonly onChange: () => void;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

/**
 * Calls `onChange` for changes that may concern rules of ours, until the signal is aborted. Only nf_tables tells of
 * changes, and only where the program `nft` is installed.
 */
export function watchRules(variant: Variant, options: RuleWatchOptions): RuleWatch {
  const state = { isListening: false };
  if (variant === "nf_tables") void follow(state, options);
  else options.log.info(LOOKING);
  return { isListening: () => state.isListening };
}

async function follow(
  state: { isListening: boolean },
  { onChange, log, clock, signal }: RuleWatchOptions,
): Promise<void> {
  const backoff = new Backoff(RESTART);
  const sleep = (ms: number) => clock.sleep(ms, signal).catch(() => {});
  await sleep(START_MS);
  for (let time = 0; !signal.aborted; time += 1) {
    const ended = listen(onChange, signal).then(() => "ended");
    const first = await Promise.race([ended, sleep(SETTLED_MS)]);
    if (first === "ended" && time === 0)
      log.info(LOOKING, { reason: "nft tells of no changes (Debian: apt-get install nftables)" });
    if (first !== "ended" && !signal.aborted) {
      state.isListening = true;
      log.info("hearing of changes of rules as they happen, from nft");
      onChange(); // what happened before it listened
      await ended;
      state.isListening = false;
      if (!signal.aborted) log.warn(LOOKING, { reason: "nft ended" });
      onChange();
    }
    await sleep(backoff.next());
  }
}

/** Resolves when the monitor ends; at once where there is none. */
function listen(onChange: () => void, signal: AbortSignal): Promise<void> {
  const child = spawn("nft", ["monitor", "rules"], { stdio: ["ignore", "pipe", "pipe"], signal });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on("line", (line) => {
      if (mayConcernOurs(line)) onChange();
    });
  }
  return new Promise((resolve) => {
    child.once("error", () => resolve());
    child.once("close", () => resolve());
  });
}

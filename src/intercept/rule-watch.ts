import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Backoff } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import type { Variant } from "./iptables.ts";

/** Hears of changes of rules as they happen. */
export type RuleWatch = {
  /** Whether changes are heard of now; otherwise one has to look. */
  isListening(): boolean;
};

// `nft monitor` tells what kube-proxy does too; only changes in chains of ours and those that jump to them count.
const OF_OURS =
  /\b(add|insert|delete) rule ip (nat|filter) (aad-metadata\S*|PREROUTING|FORWARD|INPUT)( |$)|lost some netlink/i;
/** A monitor that runs that long has begun to listen. */
const SETTLED_MS = 1000;

/**
 * Calls `onChange` for changes that may concern rules of ours, until the signal is aborted. Only nf_tables tells of
 * changes, and only where the program `nft` is installed.
 */
export function watchRules(
  variant: Variant,
  { onChange, clock, signal }: { readonly onChange: () => void; readonly clock: Clock; readonly signal: AbortSignal },
): RuleWatch {
  let isListening = false;
  const follow = async () => {
    const backoff = new Backoff({ firstMs: 500, maxMs: 60_000 });
    while (!signal.aborted) {
      const monitor = listen(onChange, signal);
      const settled = clock.sleep(SETTLED_MS, signal).then(() => "settled" as const);
      if ((await Promise.race([monitor, settled])) === "settled") {
        isListening = true;
        onChange(); // what happened before it listened
        backoff.reset();
        await monitor;
        isListening = false;
        onChange();
      }
      await clock.sleep(backoff.next(), signal);
    }
  };
  if (variant === "nf_tables") follow().catch(() => {}); // aborted: time to stop
  return { isListening: () => isListening };
}

/** Resolves when the monitor ends; at once where there is none. */
function listen(onChange: () => void, signal: AbortSignal): Promise<void> {
  const child = spawn("nft", ["monitor", "rules"], { stdio: ["ignore", "pipe", "pipe"], signal });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on("line", (line) => {
      if (OF_OURS.test(line)) onChange();
    });
  }
  return new Promise((resolve) => {
    child.once("error", () => resolve());
    child.once("close", () => resolve());
  });
}

import { createLog } from "../../src/base/log.ts";
import { iptablesOf } from "../../src/intercept/iptables.ts";
import { Keeper, type KeeperOptions } from "../../src/intercept/keeper.ts";
import { guardChain, redirectChain } from "../../src/intercept/rules.ts";
import { FakeIptables } from "./fake-iptables.ts";
import { FakeClock } from "./time/fake-clock.ts";

const metadata = { address: "169.254.169.254", port: 80 };

/** A machine with iptables-nft, whose redirection and guard a keeper keeps once it is started; what it logs and repairs. */
export function keptRules() {
  const clock = new FakeClock();
  const machine = new FakeIptables();
  const lines: string[] = [];
  const repairs: string[] = [];
  const stop = new AbortController();

  function start(over: Partial<KeeperOptions> = {}): Keeper {
    const keeper = new Keeper({
      iptables: iptablesOf("iptables-nft", "nf_tables", machine.run),
      unwanted: [],
      isListening: () => true,
      alsoEnsure: async () => {},
      intervalMs: 60_000,
      spentMs: () => 0,
      isTold: () => true,
      clock,
      log: createLog({ write: (line) => lines.push(line) }),
      onRepair: (table) => repairs.push(table),
      ...over,
    });
    keeper.keep([guardChain(metadata), redirectChain(metadata, { address: "127.0.0.1", port: 2579 })]);
    void keeper.run(stop.signal);
    return keeper;
  }

  /** Lets what comes next to the keeper's mind happen: it rests briefly after each look, then until something happens. */
  async function nextLook(keeper: Keeper): Promise<void> {
    await clock.asleep();
    clock.advance(50);
    await clock.asleep();
    keeper.lookAgain();
    await clock.asleep();
  }

  return { clock, machine, lines, repairs, stop, start, nextLook };
}

import { Backoff } from "../base/backoff.ts";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import { type Drift, driftOf } from "./drift.ts";
import type { Iptables } from "./iptables.ts";
import { Overrulings } from "./overrulings.ts";
import { Pace, type PaceOptions } from "./pace.ts";
import { removeChains } from "./removal.ts";
import { repairText } from "./restore-text.ts";
import type { Chain, Table } from "./rules.ts";
import type { SavedTable } from "./saved.ts";
import { Turns, type TurnsOptions } from "./turns.ts";

export type KeeperOptions = PaceOptions &
  TurnsOptions & {
    readonly iptables: Iptables;
    /** Chains that are not to be there; others may want them, so they are removed less and less often. */
    readonly unwanted: readonly Pick<Chain, "table" | "name">[];
    /** What else must be so once the chains stand. @throws Fault */
    readonly alsoEnsure: () => Promise<void>;
    /** Whether a change is heard of as it happens; else one looks more often. */
    readonly isTold: () => boolean;
    readonly log: Log;
    /** Rules that stood were put right. */
    readonly onRepair: (table: Table) => void;
  };

/** Between two looks however much changes; the first change after a while is looked at once. */
const SETTLE_MS = 50;
const RETRY = { firstMs: 100, maxMs: 5000 } as const;
const messages = {
  nat: "flushing iptables to add aad-metadata custom chains",
  filter: "restoring the iptables chains that guard the metadata service and loopback",
} as const satisfies Record<Table, string>;
type TableOf = (table: Table) => SavedTable;
const tables = ["filter", "nat"] as const;
const notYet = new Fault("IPTABLES_FAILED", "the iptables rules are not laid yet");

/** Lays chains and keeps them as they should be. Whatever goes wrong is tried again: it never gives up. */
export class Keeper {
  readonly #options: KeeperOptions;
  readonly #retry = new Backoff(RETRY);
  readonly #turns: Turns;
  readonly #overrulings: Overrulings;
  readonly #pace: Pace;
  readonly #stood = new Set<Table>();
  #wanted: readonly Chain[] = [];
  /** Why not all stood after the last look. */
  #fault: Fault | undefined = notYet;
  #trouble: Fault | undefined = notYet;
  #rest = new AbortController();
  #hasChanged = false;
  #looked = Promise.withResolvers<void>();

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#turns = new Turns(options);
    this.#overrulings = new Overrulings(options.clock);
    this.#pace = new Pace(options);
  }

  /**
   * What keeps the chains from standing; undefined when the last look found, or left, all as it should be, and no chain
   * was overruled again and again shortly before.
   */
  get trouble(): Fault | undefined {
    return this.#trouble;
  }

  /** Resolves after the look that is under way or comes next. */
  get looked(): Promise<void> {
    return this.#looked.promise;
  }

  /** Resolves once all that is kept stands, be it for a moment. @throws the signal's reason */
  async standing(signal: AbortSignal): Promise<void> {
    while (this.#fault !== undefined) {
      signal.throwIfAborted();
      await this.#looked.promise;
    }
  }

  /** From now on these chains are kept. Those left out stay as they are. */
  keep(chains: readonly Chain[]): void {
    this.#wanted = chains;
    this.#fault = notYet;
    this.#trouble = notYet;
    this.lookAgain();
  }

  /** Something may have changed. */
  lookAgain(): void {
    this.#rest.abort();
  }

  /** Runs until the signal is aborted, and leaves the chains as they are. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () => this.lookAgain();
    signal.addEventListener("abort", stop, { once: true });
    while (!signal.aborted) {
      this.#rest = new AbortController();
      const restMs = await this.#look();
      this.#announce();
      await this.#sleep(SETTLE_MS, signal);
      if (!signal.aborted) await this.#sleep(restMs, this.#rest.signal);
    }
    this.#announce();
  }

  /** Tells those who wait that there is news. */
  #announce(): void {
    this.#looked.resolve();
    this.#looked = Promise.withResolvers();
  }

  /** Sleeps until the time is over or the signal is aborted. */
  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    await this.#options.clock.sleep(ms, signal).catch(() => {});
  }

  /** One look and what it leads to; gives the time to rest afterwards. */
  async #look(): Promise<number> {
    const wanted = this.#wanted;
    const seen: TableOf[] = [];
    const failed = await faultOf(async () => void seen.push(await this.#options.iptables.read()));
    const left: Drift[] = [];
    for (const tableOf of seen) failed.push(...(await this.#putChains(wanted, tableOf, left)));
    const faults = [...failed, ...harmful(left)];
    for (const tableOf of seen)
      if (faults.length === 0) faults.push(...(await faultOf(() => this.#removeUnwanted(tableOf))));
    if (faults.length === 0) faults.push(...(await faultOf(this.#options.alsoEnsure)));
    this.#fault = wanted === this.#wanted ? faults[0] : notYet;
    const [contest = this.#fault] = harmful(this.#withContested(left));
    this.#tell(failed.length > 0 || wanted !== this.#wanted ? this.#fault : contest);
    if (faults.length > 0) return Math.min(this.#retry.next(), this.#restMs());
    this.#retry.reset();
    const paceMs = this.#hasChanged ? this.#pace.restAfterChangeMs() : this.#pace.restMs();
    this.#hasChanged = false;
    return Math.min(this.#options.isTold() ? this.#options.intervalMs : paceMs, this.#restMs());
  }

  /** How long until there may be something to do though nothing changes. */
  #restMs(): number {
    return Math.min(this.#turns.restMs(), this.#overrulings.restMs());
  }

  /** Each chain that is kept and not right, or contested, once. */
  #withContested(left: readonly Drift[]): Drift[] {
    const all = [...this.#overrulings.contested, ...left]; // a chain may stand late meanwhile, which does no harm
    return this.#wanted.flatMap(({ name }) => all.find(({ chain }) => chain.name === name) ?? []);
  }

  /**
   * Each table for itself, the guards first: what cannot be laid in one does not leave the other open. Gives what failed,
   * and adds to the drifts that are left.
   */
  async #putChains(wanted: readonly Chain[], tableOf: TableOf, left: Drift[]): Promise<Fault[]> {
    const found = driftsOf(wanted, tableOf);
    this.#overrulings.found(found);
    const faults: Fault[] = [];
    const isDue = new Map(found.map((drift) => [drift, this.#turns.isDue(drift)]));
    const right = new Set<Table>();
    const changed: Chain[] = [];
    for (const table of tables) {
      const due = found.filter((drift) => drift.chain.table === table && isDue.get(drift) === true);
      const failed = due.length > 0 ? await faultOf(() => this.#putRight(table, due)) : [];
      faults.push(...failed);
      if (failed.length > 0) continue;
      right.add(table);
      changed.push(...due.map(({ chain }) => chain));
    }
    left.push(...found.filter((drift) => isDue.get(drift) === false));
    const unsettled: Drift[] = [];
    const unread =
      changed.length > 0 ? await faultOf(async () => void unsettled.push(...(await this.#driftsNow(changed)))) : [];
    this.#overrulings.found(unsettled);
    left.push(...unsettled);
    if (unread.length === 0 && harmful(unsettled).length === 0)
      for (const { table } of wanted) if (right.has(table)) this.#stood.add(table);
    return [...faults, ...unread];
  }

  async #putRight(table: Table, due: readonly Drift[]): Promise<void> {
    const { iptables, log, onRepair } = this.#options;
    const told = this.#overrulings.contested; // what is put right once a second is not said once a second
    const toTell = due.filter(
      (drift) => drift.harm !== "overruled" || !told.includes(drift) || this.#trouble === undefined,
    );
    if (toTell.length > 0) log.warn(messages[table], { table, wrong: toTell.flatMap(({ wrong }) => wrong).join("; ") });
    this.#hasChanged = true;
    await iptables.change(repairText(table, due));
    this.#overrulings.putRight(due);
    if (this.#stood.has(table)) onRepair(table);
  }

  /** How chains that were laid are otherwise. @throws Fault IPTABLES_FAILED */
  async #driftsNow(chains: readonly Chain[]): Promise<Drift[]> {
    return driftsOf(chains, await this.#options.iptables.read());
  }

  /** @throws Fault IPTABLES_FAILED */
  async #removeUnwanted(tableOf: TableOf): Promise<void> {
    const { iptables, log, unwanted } = this.#options;
    for (const { table, name } of unwanted) {
      if (!tableOf(table).chains.has(name) || !this.#turns.isDueWithout(name)) continue;
      const failed = await faultOf(async () => void (await removeChains(iptables, table, [name], log)));
      if (failed.length > 0) this.#turns.failedWithout(name);
      for (const fault of failed) throw fault;
    }
  }

  #tell(trouble: Fault | undefined): void {
    const { log } = this.#options;
    const isReal = (one: Fault | undefined) => one !== undefined && one !== notYet;
    if (isReal(trouble) && trouble?.message !== this.#trouble?.message) {
      log.error("pods' requests are not intercepted as they should be", { reason: trouble?.message });
    }
    if (trouble === undefined && isReal(this.#trouble))
      log.info("pods' requests are intercepted as they should be again");
    this.#trouble = trouble;
  }
}

function driftsOf(chains: readonly Chain[], tableOf: TableOf): Drift[] {
  return chains.map((chain) => driftOf(chain, tableOf(chain.table))).filter((drift) => drift !== undefined);
}

async function faultOf(work: () => Promise<void>): Promise<Fault[]> {
  try {
    await work();
    return [];
  } catch (reason) {
    return [Fault.from(reason)];
  }
}

/** Why requests are not intercepted, where one of these keeps them from it; none where packets come to an NMI all the same. */
function harmful(drifts: readonly Drift[]): Fault[] {
  const wrong = drifts.filter(({ harm }) => harm === "broken" || harm === "overruled").flatMap((drift) => drift.wrong);
  const message = `rules do not stay as NMI lays them: ${wrong.join("; ")}; find the program that changes them and have it leave them alone`;
  return wrong.length === 0 ? [] : [new Fault("IPTABLES_FAILED", message)];
}

import type { Node } from "../api/node.ts";
import type { Drift, Snapshot } from "../assignment/types.ts";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import { driftKey, type Finding, findingsOn, type Wants, wantsOf } from "./drift-view.ts";
import type { MicEvents } from "./events.ts";
import type { AskClientId, Carried, ReadMachine, Refusal, Repairs } from "./ports.ts";
import { Suspects } from "./suspects.ts";

export type DriftOptions = {
  readonly read: ReadMachine;
  readonly clientId: AskClientId;
  readonly snapshot: () => Snapshot;
  readonly clock: Clock;
  /** A round over all machines begins this often; 0 for never. */
  readonly intervalMs: number;
  /** Whether work on a machine is under way, so that what is read there may be half done. */
  readonly isBusy: (machine: string) => boolean;
  /** Whether Azure's limits leave room for a read that nobody waits for; else the machine is left to the next round. */
  readonly mayRead: (machine: string) => boolean;
  readonly events: Pick<
    MicEvents,
    | "driftFound"
    | "driftMended"
    | "refused"
    | "clientIdWrong"
    | "clientIdUnknown"
    | "identityUnreadable"
    | "machineUnreadable"
    | "driftRound"
    | "driftFailed"
  >;
  /** There is something new to mend. */
  readonly onFound: () => void;
};

const READS_PER_SECOND = 5;
/** A read that hangs holds up a few others at most. */
const READS_AT_ONCE = 10;
/** What pods shall have is worked out anew for a doubt, but not for each of thousands. */
const FRESH_MS = 5_000;
/** So long after a node came its machine is read; with others that came with it. */
const SOON_MS = 5_000;
const STUCK_READ_MS = 15 * 60_000;

/**
 * Looks at every machine on which pods shall have identities, again and again, and finds those that somebody took off
 * and those that were deleted and created anew in Azure. It only finds: the plan mends, since it knows what pods need
 * at that moment. One machine that cannot be read keeps nobody from the others. For the leader alone.
 */
export class DriftRepair implements Repairs {
  readonly #options: DriftOptions;
  readonly #found = new Map<string, Finding>();
  /** The client IDs that identities had on a machine when they were put on again; that helps once or never. */
  readonly #renewed = new Map<string, string>();
  readonly #suspects: Suspects;
  /** Machines that cannot be read, with the reason that was told. */
  readonly #unreadable = new Map<string, string>();
  /** Nodes that came and whose machines are to be read soon. */
  readonly #came = new Set<string>();
  readonly #reads = new Map<Promise<boolean>, number>();
  #wants: { readonly at: number; readonly wants: Wants } | undefined;
  #wake = new AbortController();
  #isRunning = false;

  constructor(options: DriftOptions) {
    this.#options = options;
    this.#suspects = new Suspects(options);
  }

  /** What is to be mended. */
  get found(): readonly Drift[] {
    return [...this.#found.values()].map(({ drift }) => drift);
  }

  get isStuck(): boolean {
    const now = this.#options.clock.monotonic();
    return this.#isRunning && [...this.#reads.values()].some((since) => now - since > STUCK_READ_MS);
  }

  mended(drifts: readonly Drift[]): void {
    for (const drift of drifts) {
      const key = driftKey(drift);
      const finding = this.#found.get(key);
      if (finding === undefined) continue;
      this.#found.delete(key);
      if (drift.kind === "stale") this.#renewed.set(key, finding.onMachine);
      this.#options.events.driftMended(drift, finding.bonds);
    }
  }

  /** Hears that Azure refuses to put back an identity. */
  refused(drift: Drift, refusal: Refusal): void {
    for (const bond of this.#found.get(driftKey(drift))?.bonds ?? []) this.#options.events.refused(bond, refusal);
  }

  /** Hears of changes of nodes: a node that was made anew may run on a machine that was made anew. */
  nodeChanged({ before, after }: { readonly before: Node | undefined; readonly after: Node | undefined }): void {
    if (!this.#isRunning || after === undefined || before?.meta.uid === after.meta.uid) return;
    this.#came.add(after.meta.name);
    this.#wake.abort();
  }

  /** Runs until the signal aborts; then waits for the reads under way, which the signal has stopped too. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, intervalMs } = this.#options;
    if (intervalMs <= 0) return;
    this.#isRunning = true;
    try {
      while (!signal.aborted) {
        const next = clock.monotonic() + intervalMs;
        await this.#safely(signal, () => this.#round(signal));
        while (clock.monotonic() < next && !signal.aborted) {
          await this.#safely(signal, () => this.#rest(next - clock.monotonic(), signal));
        }
      }
    } finally {
      await Promise.all(this.#reads.keys());
      this.#isRunning = false;
    }
  }

  async #safely(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (reason) {
      if (!signal.aborted) this.#options.events.driftFailed(Fault.from(reason));
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { clock, events } = this.#options;
    const started = clock.monotonic();
    const { machines } = this.#look(0);
    this.#forget(machines);
    this.#suspects.nextRound();
    const read = await this.#readAll([...machines.keys()].sort(), signal);
    events.driftRound({ machines: machines.size, read, tookMs: clock.monotonic() - started });
    this.#wants = undefined; // large, and out of date when it is needed again
  }

  /** Waits, and reads the machines of nodes that come meanwhile. */
  async #rest(ms: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    this.#wake = new AbortController();
    const isQuiet = this.#came.size === 0;
    if (isQuiet) await clock.sleep(ms, AbortSignal.any([signal, this.#wake.signal])).catch(() => {}); // somebody came
    signal.throwIfAborted();
    if (this.#came.size === 0) return;
    await clock.sleep(SOON_MS, signal);
    await this.#readAll([], signal);
  }

  /** Reads machines one after the other, those of nodes that came first; answers how many could be read. */
  async #readAll(machines: readonly string[], signal: AbortSignal): Promise<number> {
    const { clock, isBusy, mayRead } = this.#options;
    const queue = [...machines].reverse();
    let read = 0;
    for (;;) {
      queue.push(...this.#takeThoseThatCame());
      const machine = queue.pop();
      if (machine === undefined) break;
      if (isBusy(machine) || !mayRead(machine)) continue;
      const reading = this.#check(machine, signal);
      this.#reads.set(reading, clock.monotonic());
      void reading.then((isRead) => {
        this.#reads.delete(reading);
        if (isRead) read += 1;
      });
      await clock.sleep(1_000 / READS_PER_SECOND, signal);
      if (this.#reads.size >= READS_AT_ONCE) await Promise.race(this.#reads.keys());
    }
    await Promise.all(this.#reads.keys());
    return read;
  }

  #takeThoseThatCame(): readonly string[] {
    if (this.#came.size === 0) return [];
    const came = [...this.#came];
    this.#came.clear();
    const { nodes } = this.#look(FRESH_MS);
    return [...new Set(came.flatMap((name) => nodes.get(name) ?? []))];
  }

  /** Never rejects; answers whether the machine could be read. */
  async #check(machine: string, signal: AbortSignal): Promise<boolean> {
    const { read, isBusy, events } = this.#options;
    try {
      const before = this.#look(Number.POSITIVE_INFINITY);
      const carried = await read(machine, signal);
      signal.throwIfAborted();
      this.#unreadable.delete(machine);
      if (isBusy(machine)) return true;
      const innocent = await this.#cleared(machine, carried, before, signal);
      if (!isBusy(machine)) this.#compare(machine, carried, before, innocent);
      return true;
    } catch (reason) {
      if (signal.aborted) return false;
      const fault = Fault.from(reason);
      if (this.#unreadable.get(machine) !== fault.code) events.machineUnreadable(machine, fault);
      this.#unreadable.set(machine, fault.code);
      return false;
    }
  }

  /** What would be stale on the machine if AzureIdentities were right, and is not. */
  async #cleared(machine: string, carried: Carried, wants: Wants, signal: AbortSignal): Promise<ReadonlySet<string>> {
    const suspects = findingsOn(machine, carried, wants).filter(({ drift }) => drift.kind === "stale");
    if (suspects.length === 0) return new Set();
    const convicted = await this.#suspects.convicted(suspects, this.#look(FRESH_MS).identities, signal);
    const isTried = (one: Finding) => this.#renewed.get(driftKey(one.drift)) === one.onMachine;
    const cleared = suspects.filter((one) => !convicted.has(one) || isTried(one));
    return new Set(cleared.map(({ drift }) => driftKey(drift)));
  }

  /** What differs from what pods should have before the machine was read, and shall have still. */
  #compare(machine: string, carried: Carried, before: Wants, innocent: ReadonlySet<string>): void {
    const first = new Set(findingsOn(machine, carried, before).map(({ drift }) => driftKey(drift)));
    const still = first.size === 0 ? [] : findingsOn(machine, carried, this.#look(FRESH_MS));
    const findings = still.filter(({ drift }) => first.has(driftKey(drift)) && !innocent.has(driftKey(drift)));
    const known = new Set(this.#found.keys());
    for (const [key, { drift }] of this.#found) if (drift.machine === machine) this.#found.delete(key);
    for (const one of findings) this.#found.set(driftKey(one.drift), one);
    const news = findings.filter(({ drift }) => !known.has(driftKey(drift)));
    for (const { drift, bonds } of news) this.#options.events.driftFound(drift, bonds);
    if (news.length > 0) this.#options.onFound();
  }

  /** Drops what concerns machines on which nobody wants anything any more. */
  #forget(machines: Wants["machines"]): void {
    for (const [key, { drift }] of this.#found) {
      if (machines.get(drift.machine)?.has(drift.resourceId) !== true) this.#found.delete(key);
    }
    for (const machine of this.#unreadable.keys()) if (!machines.has(machine)) this.#unreadable.delete(machine);
  }

  #look(maxAgeMs: number): Wants {
    const { clock, snapshot } = this.#options;
    const now = clock.monotonic();
    if (this.#wants === undefined || now - this.#wants.at >= maxAgeMs)
      this.#wants = { at: now, wants: wantsOf(snapshot()) };
    return this.#wants.wants;
  }
}

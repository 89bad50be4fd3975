import { objectKey } from "../api/meta.ts";
import { planAssignments } from "../assignment/plan.ts";
import type { MachinePlan, Snapshot } from "../assignment/types.ts";
import { Backoff } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { MicEvents } from "./events.ts";
import type { Outcome } from "./execute.ts";
import { Trigger } from "./trigger.ts";

export type LoopOptions = {
  readonly snapshot: () => Snapshot;
  readonly execute: (plan: MachinePlan, signal: AbortSignal) => Promise<Outcome>;
  readonly events: Pick<MicEvents, "planned" | "machineFailed">;
  readonly clock: Clock;
  /** Everything is looked at again this often, whatever happens. */
  readonly resyncMs: number;
  /** The first pause after a failure on a machine. */
  readonly firstPauseMs: number;
  readonly random?: () => number;
};

const QUIET_MS = 50;
const LONGEST_BURST_MS = 500;
const LONGEST_PAUSE_MS = 60_000;
/** Azure may ask for a day; by then the cause has long gone, and nobody would hear why a pod waits. */
const LONGEST_ASKED_PAUSE_MS = 15 * 60_000;
const MACHINES_AT_ONCE = 64;
/** A change that waits so long to be looked at, or work on a machine that takes so long, will not end by itself. */
const STUCK_LOOK_MS = 60_000;
const STUCK_WORK_MS = 30 * 60_000;

type Rest = {
  /** What was wished of the machine when it failed. */
  readonly wish: string;
  /** Whether the pause is about the machine, whatever is wished of it: somebody asked us to slow down. */
  readonly isThrottled: boolean;
  readonly end: AbortController;
};

/**
 * Looks at the whole cluster whenever something changed, and works on the machines that need it, side by side. What is
 * under way on a machine is never mixed with something newer: when it ends the loop looks again.
 *
 *     idle ──in the plan──▶ busy ──done────▶ idle
 *       ▲                     └────failed──▶ resting ──pause over, or something else is wished──▶ idle
 */
export class SyncLoop {
  readonly #options: LoopOptions;
  readonly #trigger: Trigger;
  readonly #busy = new Map<string, { readonly work: Promise<void>; readonly since: number }>();
  readonly #resting = new Map<string, Rest>();
  readonly #backoffs = new Map<string, Backoff>();
  #isRunning = false;

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#trigger = new Trigger({ clock: options.clock, quietMs: QUIET_MS, longestMs: LONGEST_BURST_MS });
  }

  /** Something may have changed. */
  changed(): void {
    this.#trigger.fire();
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  get isStuck(): boolean {
    const now = this.#options.clock.monotonic();
    const isLate = [...this.#busy.values()].some(({ since }) => now - since > STUCK_WORK_MS);
    return this.#isRunning && (isLate || this.#trigger.waitingMs > STUCK_LOOK_MS);
  }

  /** Runs until the signal aborts; then waits for the work under way, which the signal has stopped too. */
  async run(signal: AbortSignal): Promise<void> {
    this.#isRunning = true;
    const resyncs = this.#fireEvery(this.#options.resyncMs, signal);
    this.changed();
    try {
      while (!signal.aborted) {
        await this.#trigger.next(signal);
        this.#look(signal);
      }
    } catch (reason) {
      if (!signal.aborted) throw reason;
    } finally {
      await Promise.all([...this.#busy.values()].map(({ work }) => work));
      this.#isRunning = false;
    }
    await resyncs;
  }

  #look(signal: AbortSignal): void {
    const { snapshot, events, clock } = this.#options;
    const started = clock.monotonic();
    const seen = snapshot();
    const plan = planAssignments(seen);
    const named = new Set(plan.machines.map(({ machine }) => machine));
    for (const machine of this.#backoffs.keys()) if (!named.has(machine)) this.#backoffs.delete(machine);
    for (const one of plan.machines) this.#wakeIfChanged(one);
    const idle = plan.machines.filter(({ machine }) => !this.#busy.has(machine) && !this.#resting.has(machine));
    // Those beyond the limit come when others have ended, since the loop looks again then.
    const begun = idle.slice(0, MACHINES_AT_ONCE - this.#busy.size);
    events.planned(plan, { seen, begun: begun.length, tookMs: clock.monotonic() - started });
    for (const one of begun) this.#start(one, signal);
  }

  #start(plan: MachinePlan, signal: AbortSignal): void {
    const work = this.#carryOut(plan, signal).finally(() => {
      this.#busy.delete(plan.machine);
      this.changed();
    });
    this.#busy.set(plan.machine, { work, since: this.#options.clock.monotonic() });
  }

  async #carryOut(plan: MachinePlan, signal: AbortSignal): Promise<void> {
    try {
      const { fault } = await this.#options.execute(plan, signal);
      if (fault !== undefined) throw fault;
      this.#backoffs.delete(plan.machine);
    } catch (reason) {
      if (!signal.aborted) this.#rest(plan, Fault.from(reason), signal);
    }
  }

  #rest(plan: MachinePlan, fault: Fault, signal: AbortSignal): void {
    const { clock, events, firstPauseMs, random = Math.random } = this.#options;
    const { machine } = plan;
    const backoff =
      this.#backoffs.get(machine) ?? new Backoff({ firstMs: firstPauseMs, maxMs: LONGEST_PAUSE_MS, random });
    this.#backoffs.set(machine, backoff);
    const pauseMs = Math.max(backoff.next(), Math.min(fault.retryAfterMs ?? 0, LONGEST_ASKED_PAUSE_MS));
    events.machineFailed(machine, fault, pauseMs);
    const rest = { wish: wishOf(plan), isThrottled: fault.kind === "throttled", end: new AbortController() };
    this.#resting.set(machine, rest);
    const wake = () => {
      if (this.#resting.get(machine) !== rest) return; // something else was wished meanwhile
      this.#resting.delete(machine);
      this.changed();
    };
    void clock.sleep(pauseMs, AbortSignal.any([signal, rest.end.signal])).then(wake, wake);
  }

  /** What failed says nothing about another wish, so a new pod does not wait for what an older one suffers from. */
  #wakeIfChanged(plan: MachinePlan): void {
    const rest = this.#resting.get(plan.machine);
    if (rest === undefined || rest.isThrottled || rest.wish === wishOf(plan)) return;
    this.#resting.delete(plan.machine);
    this.#backoffs.delete(plan.machine);
    rest.end.abort();
  }

  async #fireEvery(ms: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#options.clock.sleep(ms, signal).catch(() => {}); // rejected: the loop ends by the signal
      this.changed();
    }
  }
}

/** What a plan wishes of its machine and of which records; that a record was written in the meantime changes nothing. */
function wishOf({ attach, detach, work, forget }: MachinePlan): string {
  const works = work.map(({ draft, record }) =>
    record === undefined ? `${draft?.namespace}/${draft?.name}` : objectKey(record.meta),
  );
  return JSON.stringify([attach, detach, works, forget.map(({ record }) => objectKey(record.meta))]);
}

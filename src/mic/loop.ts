import { planAssignments } from "../assignment/plan.ts";
import type { MachinePlan, Snapshot } from "../assignment/types.ts";
import { Backoff } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { MicEvents } from "./events.ts";
import type { Outcome } from "./execute.ts";
import type { Machines } from "./ports.ts";
import { holdFor, Rests } from "./rests.ts";
import { Trigger } from "./trigger.ts";
import { namesLeftovers, needsAzure, partsLeft, partsOf, withoutAzure } from "./wish.ts";

export type LoopOptions = {
  readonly snapshot: () => Snapshot;
  /** Carries out a plan; `asksAzure` is called when only Azure is waited for, which may take a quarter of an hour. */
  readonly execute: (plan: MachinePlan, signal: AbortSignal, asksAzure: () => void) => Promise<Outcome>;
  readonly machines: Pick<Machines, "delayMs">;
  readonly events: Pick<
    MicEvents,
    "planned" | "machineFailed" | "machineWaiting" | "machineHeld" | "awaitRoom" | "lookFailed" | "settled"
  >;
  readonly clock: Clock;
  /** Everything is looked at again this often, whatever happens. */
  readonly resyncMs: number;
  /** The first pause after a failure on a machine. */
  readonly firstPauseMs: number;
  readonly random?: () => number;
};

/** Long enough for what comes together; a pod that comes alone hardly notices. */
const QUIET_MS = 50;
/**
 * 300 pods come and go within this time where whoever makes them writes a hundred objects a second. It saves changes:
 * what comes after the first look at a burst has to wait for the end of the change that is under way by then, and costs
 * its machine another one, of four that Azure allows in a minute. More would be felt by a pod that comes alone while
 * others come and go without an end, since this is what it waits at most.
 */
const LONGEST_BURST_MS = 3_000;
const LONGEST_PAUSE_MS = 60_000;
/** Azure may ask for a day; by then the cause has long gone, and nobody would hear why a pod waits. */
const LONGEST_ASKED_PAUSE_MS = 15 * 60_000;
/** Machines that are worked on at once, less those that wait for Azure: operations that hang hold up no others. */
const MACHINES_AT_ONCE = 64;
/** Both together, so that an Azure in which all hangs does not fill the memory. */
const MACHINES_UNDER_WAY = 512;
/** A change that waits so long to be looked at, or work on a machine that takes so long, will not end by itself. */
const STUCK_LOOK_MS = 60_000;
const STUCK_WORK_MS = 30 * 60_000;
/** Looks that fail for so long do so because of what this process remembers. */
const STUCK_FAILING_MS = 10 * 60_000;

/** Outdated is what began before Azure was to be asked in another way. */
type Busy = { work: Promise<void>; readonly since: number; isAtAzure: boolean; isOutdated: boolean };

/** What is done about a machine now, and all that is planned for it: a pause after a failure is about that. */
type Turn = { readonly part: MachinePlan; readonly whole: MachinePlan };

/**
 * Looks at the whole cluster whenever something changed, and works on the machines that need it, side by side. What is
 * under way on a machine is never mixed with something newer: when it ends the loop looks again.
 *
 *     idle ──in the plan──▶ busy ──done────▶ idle
 *       ▲ │                   └────failed, or an identity is refused──▶ resting ──▶ idle  pause over, or more is wished
 *       │ └─no room in Azure's limits─▶ waiting; records are written meanwhile
 *       └──────room────────────────────────┘
 */
export class SyncLoop {
  readonly #options: LoopOptions;
  readonly #trigger: Trigger;
  readonly #busy = new Map<string, Busy>();
  readonly #rests: Rests;
  readonly #backoffs = new Map<string, Backoff>();
  readonly #lookBackoff: Backoff;
  #failingSince: number | undefined;
  #hasWorked = false;
  /** Machines wait until others leave room. */
  #isFull = false;
  #isRunning = false;

  constructor(options: LoopOptions) {
    const { clock, random = Math.random } = options;
    this.#options = options;
    this.#trigger = new Trigger({ clock, quietMs: QUIET_MS, longestMs: LONGEST_BURST_MS });
    this.#rests = new Rests(clock, () => this.changed());
    this.#lookBackoff = new Backoff({ firstMs: 1_000, maxMs: STUCK_LOOK_MS / 2, random });
  }

  /** Something may have changed. */
  changed(): void {
    this.#trigger.fire();
  }

  /**
   * What machines failed for may be over, since Azure is asked in another way from now on: none rests any more, nor for
   * what is refused by work that began before.
   */
  tryAgain(): void {
    this.#backoffs.clear();
    this.#rests.endAll();
    for (const busy of this.#busy.values()) busy.isOutdated = true;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  get isStuck(): boolean {
    const now = this.#options.clock.monotonic();
    const isLate = [...this.#busy.values()].some(({ since }) => now - since > STUCK_WORK_MS);
    const isFailing = this.#failingSince !== undefined && now - this.#failingSince > STUCK_FAILING_MS;
    return this.#isRunning && (isLate || isFailing || this.#trigger.waitingMs > STUCK_LOOK_MS);
  }

  /** Whether work on a machine is under way. */
  isBusy(machine: string): boolean {
    return this.#busy.has(machine);
  }

  /** Runs until the signal aborts; then waits for the work under way, which the signal has stopped too. */
  async run(signal: AbortSignal): Promise<void> {
    this.#isRunning = true;
    const resyncs = this.#trigger.fireEvery(this.#options.resyncMs, signal);
    this.changed();
    try {
      while (!signal.aborted) {
        await this.#trigger.next(signal);
        await this.#lookSafely(signal);
      }
    } catch (reason) {
      if (!signal.aborted) throw reason;
    } finally {
      await Promise.all([...this.#busy.values()].map(({ work }) => work));
      this.#isRunning = false;
    }
    await resyncs;
  }

  /** A look that fails shows a defect; the next one may fare better, and pods wait. */
  async #lookSafely(signal: AbortSignal): Promise<void> {
    const { clock, events } = this.#options;
    try {
      this.#look(signal);
      this.#failingSince = undefined;
      this.#lookBackoff.reset();
    } catch (reason) {
      this.#failingSince ??= clock.monotonic();
      const pauseMs = this.#lookBackoff.next();
      events.lookFailed(Fault.from(reason), pauseMs);
      await clock.sleep(pauseMs, signal);
      this.changed();
    }
  }

  #look(signal: AbortSignal): void {
    const { snapshot, events, clock } = this.#options;
    const started = clock.monotonic();
    const seen = snapshot();
    const plan = planAssignments(seen);
    const named = new Set(plan.machines.map(({ machine }) => machine));
    for (const machine of this.#backoffs.keys()) if (!named.has(machine)) this.#backoffs.delete(machine);
    const tookMs = clock.monotonic() - started;
    // Those beyond the limit come when others have ended or ask Azure, since the loop looks again then.
    const room = this.#room();
    const idle = plan.machines.filter(({ machine }) => !this.#busy.has(machine));
    const turns = idle.flatMap((whole) => this.#turnOf(whole, signal) ?? []);
    const begun = turns.slice(0, room);
    this.#isFull = begun.length < turns.length;
    const waiting = idle.length - begun.length;
    events.planned(plan, { seen, begun: begun.length, waiting, tookMs });
    for (const one of begun) this.#start(one, signal);
    if (this.#busy.size > 0 || !this.#hasWorked) return;
    this.#hasWorked = false;
    events.settled();
  }

  #room(): number {
    const working = [...this.#busy.values()].filter(({ isAtAzure }) => !isAtAzure).length;
    return Math.max(0, Math.min(MACHINES_AT_ONCE - working, MACHINES_UNDER_WAY - this.#busy.size));
  }

  /** What can be done about a machine now. */
  #turnOf(whole: MachinePlan, signal: AbortSignal): Turn | undefined {
    const { machines, events } = this.#options;
    const { machine } = whole;
    // What failed says nothing about another wish, so a new pod does not wait for what an older one suffers from.
    if (this.#rests.release(whole)) this.#backoffs.delete(machine);
    let part = this.#rests.allow(whole);
    const delayMs = part !== undefined && needsAzure(part) ? machines.delayMs(machine) : 0;
    if (delayMs > 0) {
      events.machineWaiting(machine, delayMs);
      this.#rests.begin(machine, { hold: "room" }, delayMs, signal);
      part = withoutAzure(whole);
    }
    const roomInMs = this.#rests.roomInMs(machine);
    if (roomInMs > 0) events.awaitRoom(whole, roomInMs);
    return part === undefined ? undefined : { part, whole };
  }

  #start(turn: Turn, signal: AbortSignal): void {
    const { machine } = turn.whole;
    this.#hasWorked = true;
    const since = this.#options.clock.monotonic();
    const busy: Busy = { work: Promise.resolve(), since, isAtAzure: false, isOutdated: false };
    this.#busy.set(machine, busy);
    const asksAzure = () => {
      busy.isAtAzure = true;
      if (this.#isFull || namesLeftovers(turn.part)) this.changed();
    };
    busy.work = this.#carryOut(turn, { busy, asksAzure }, signal).finally(() => {
      this.#busy.delete(machine);
      this.changed();
    });
  }

  async #carryOut(
    { part, whole }: Turn,
    { busy, asksAzure }: { readonly busy: Busy; readonly asksAzure: () => void },
    signal: AbortSignal,
  ): Promise<void> {
    const { execute, events, firstPauseMs } = this.#options;
    try {
      const { fault, refused } = await execute(part, signal, asksAzure);
      if (fault !== undefined) throw fault;
      this.#backoffs.delete(whole.machine);
      if (refused === undefined || busy.isOutdated) return;
      const pauseMs = Math.max(firstPauseMs, refused.retryInMs);
      events.machineHeld(whole.machine, pauseMs);
      // What is done is no part of it: when that comes undone, it does not wait for what Azure refuses.
      const held = { hold: "refused", asked: partsLeft(part, refused.ids) } as const;
      this.#rests.begin(whole.machine, held, pauseMs, signal);
    } catch (reason) {
      if (!signal.aborted) this.#restAfter(Fault.from(reason), whole, signal);
    }
  }

  #restAfter(fault: Fault, whole: MachinePlan, signal: AbortSignal): void {
    const { events, firstPauseMs, random = Math.random } = this.#options;
    const { machine } = whole;
    const backoff =
      this.#backoffs.get(machine) ?? new Backoff({ firstMs: firstPauseMs, maxMs: LONGEST_PAUSE_MS, random });
    this.#backoffs.set(machine, backoff);
    const pauseMs = Math.max(backoff.next(), Math.min(fault.retryAfterMs ?? 0, LONGEST_ASKED_PAUSE_MS));
    events.machineFailed(machine, fault, pauseMs);
    this.#rests.begin(machine, { hold: holdFor(fault), asked: partsOf(whole) }, pauseMs, signal);
  }
}

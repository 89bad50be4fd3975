import { Fault } from "../base/fault.ts";
import { blame } from "./blame.ts";
import { identityPatches } from "./identity-patch.ts";
import { refusalOf } from "./identity-refusal.ts";
import type { Change, Found } from "./machine-calls.ts";
import { MachineView } from "./machine-view.ts";
import {
  type MachineChangeOptions,
  type MachineWish,
  type PatchResult,
  type Refusal,
  type WholeWish,
  wholeWish,
} from "./machine-wish.ts";
import { Pace } from "./pace.ts";
import { halves, isAboutIdentities, type Part, partIn, without } from "./patch-part.ts";

/** When to ask again for what was not put on and not taken off for a reason of its own. */
const STUCK_MS = 60_000;
/** How often one change lets others go first; whoever changes a machine more often than that is no person. */
const MOST_OVERTAKEN = 3;
/** Azure may have done what it did not report. */
const OUTCOME_UNKNOWN = ["ARM_ERROR", "ARM_UNREACHABLE"] as const;

/**
 * One wish for one machine, carried out in as few PATCHes as Azure's refusals allow:
 *
 * - Identities that are known to be bad are left aside, or tried alone once they are due.
 * - A change that is refused goes on without those that the error names; where it names none, detaches go alone and
 *   attaches in halves, until each bad one is found.
 * - It ends after a few PATCHes, so that nobody waits for a long search: what a refused PATCH has left under suspicion
 *   is remembered, and goes after all that is not suspected.
 * - What is wrong with the machine, and not with identities, ends the change.
 */
export class MachineChange {
  readonly #machine: string;
  readonly #wish: WholeWish;
  readonly #options: MachineChangeOptions;
  readonly #signal: AbortSignal;
  readonly #queue: Part[] = [];
  readonly #refused = new Map<string, Refusal>();
  readonly #view: MachineView;
  #fault: Fault | undefined;
  readonly #pace: Pace;
  #isMakingRoom = false;
  #isOutdated = false;
  #overtaken = 0;
  #goOnInMs: number | undefined;

  constructor(machine: string, wish: MachineWish, options: MachineChangeOptions, signal: AbortSignal) {
    this.#machine = machine;
    this.#wish = wholeWish(wish);
    this.#options = options;
    this.#signal = signal;
    this.#pace = new Pace(options);
    this.#view = new MachineView(machine, { ...options, onBusy: wish.onBusy }, signal);
  }

  /** Failures are part of the result; it rejects only with the signal's reason. */
  async run(): Promise<PatchResult> {
    try {
      await this.#view.settle();
      const due = this.#begin(this.#view.here);
      await this.#work();
      await this.#tryAside(due);
    } catch (reason) {
      this.#signal.throwIfAborted();
      this.#fault = Fault.from(reason);
    }
    return this.#result();
  }

  /** Queues what may go; the answer is what was refused before and is due. */
  #begin({ userAssigned, pinned }: Found): readonly string[] {
    const { attach, detach } = this.#wish;
    const renew = [...this.#wish.renew.keys()];
    const spared = [...detach, ...renew].filter((id) => pinned.has(id));
    if (spared.length > 0) this.#options.onSpared(spared);
    const aside = new Set([...attach, ...renew].filter((id) => this.#leaveAside(id)));
    this.#view.suspect(this.#wish.renew);
    const taken = this.#view.stale.filter((id) => !aside.has(id));
    const wanted = [...new Set([...attach, ...renew])].filter((id) => !userAssigned.has(id) && !aside.has(id));
    const { quarantine } = this.#options;
    const due = [...wanted, ...taken].filter((id) => quarantine.look(id) !== undefined);
    const suspects = quarantine.suspectsIn([...wanted, ...taken].filter((id) => !due.includes(id)));
    const unproved = new Set([...due, ...suspects.flat()]);
    const isSound = (id: string) => !unproved.has(id);
    const off = [...detach.filter((id) => !pinned.has(id) && !attach.includes(id) && !renew.includes(id)), ...taken];
    this.#queue.push({ attach: wanted.filter(isSound), detach: off, tries: 0 });
    this.#queue.push({ attach: taken.filter(isSound), detach: [], tries: 0 });
    for (const group of suspects) this.#queue.push({ attach: group, detach: [], tries: 0 });
    return quarantine.longestDue(due);
  }

  /** Whether an identity is left aside now; what a machine has, or has to be rid of first, does not matter. */
  #leaveAside(id: string): boolean {
    const known = this.#options.quarantine.look(id);
    if (known === undefined || known.retryInMs === 0) return false;
    this.#refused.set(id, { ...known, isNew: false });
    return true;
  }

  async #work(): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const part = this.#stillWished(next);
      if (identityPatches(this.#view.here, part).length === 0) continue;
      this.#goOnInMs = this.#waitMs(part.attach.some((id) => this.#options.quarantine.isUnproved(id)));
      if (this.#goOnInMs !== undefined) return;
      await this.#view.settle();
      await this.#send(part);
    }
  }

  /** Without what is not to be taken off any more; what becomes of what pods need is for the next plan to say. */
  #stillWished(part: Part): Part {
    if (part.detach.length === 0) return part;
    const needed = this.#wish.neededNow();
    const cameBack = part.detach.filter((id) => needed.has(id) && !this.#view.isStale(id));
    if (cameBack.length > 0) this.#isOutdated = true;
    const { pinned } = this.#view.here;
    return without(part, [...cameBack, ...part.detach.filter((id) => pinned.has(id))]);
  }

  /** How long the next PATCH has to wait for a change of its own; undefined when it may go in this one. */
  #waitMs(isSearch: boolean): number | undefined {
    return this.#isMakingRoom ? undefined : this.#pace.waitMs(isSearch);
  }

  async #send(next: Part): Promise<void> {
    let part = next;
    const ready = async (): Promise<Change | undefined> => {
      const isBusy = (await this.#view.refresh()) > 0;
      if (isBusy && this.#overtaken < MOST_OVERTAKEN) return this.#goAfter(next);
      part = this.#stillWished(next);
      const [patch, ...more] = identityPatches(this.#view.here, part);
      if (patch === undefined) return undefined;
      const now = partIn(patch, part);
      if (more.length > 0) this.#queue.unshift(without(part, [...now.attach, ...now.detach]));
      part = now;
      this.#pace.step();
      return { patch, etag: this.#view.etag };
    };
    try {
      const patch = await this.#options.calls.update(this.#machine, ready, this.#signal);
      if (patch === undefined) return;
      this.#view.changed(patch);
    } catch (reason) {
      this.#signal.throwIfAborted();
      const fault = Fault.from(reason);
      if (fault.code === "ARM_MACHINE_CHANGED") return this.#lookFirst(part, fault);
      if (isAboutIdentities(fault, part)) return await this.#setAside(part, fault);
      if (fault.code === "ARM_IDENTITY_QUOTA") return this.#makeRoom(part, fault);
      if (!(await this.#isDoneAfterAll(part, fault))) throw fault;
    }
    this.#isMakingRoom = false;
    for (const id of part.attach) this.#options.quarantine.release(id);
  }

  /** Somebody else was faster, so what was found out about the machine does not hold. */
  #lookFirst(part: Part, fault: Fault): void {
    if (this.#overtaken >= MOST_OVERTAKEN) throw fault;
    this.#view.outdated();
    this.#goAfter(part);
  }

  #goAfter(part: Part): undefined {
    this.#overtaken += 1;
    this.#queue.unshift(part);
  }

  async #setAside(part: Part, fault: Fault): Promise<void> {
    // Without a status it was the operation that failed: Azure had begun.
    if (fault.facts.status === undefined) await this.#view.lookAgain();
    const sent = [...part.attach, ...part.detach];
    const blamed = blame(fault, sent);
    if (blamed.kind === "others") throw blamed.fault;
    const bad = sent.length === 1 ? sent : blamed.kind === "named" ? blamed.ids : [];
    for (const id of bad) this.#refuse(id, part, fault);
    if (sent.length === 1) return;
    const rest = without(part, bad);
    const isWhole = bad.length > 0 && part.tries < this.#options.maxRetries;
    const { quarantine, clock, retryIntervalMs } = this.#options;
    const isTaken = (id: string) => quarantine.wasTaken(id);
    const parts = isWhole ? [{ ...rest, tries: part.tries + 1 }] : halves(rest, isTaken);
    for (const { attach } of parts) quarantine.suspect(attach);
    this.#queue.unshift(...parts);
    if (retryIntervalMs > 0) await clock.sleep(retryIntervalMs, this.#signal);
  }

  #refuse(id: string, { attach }: Part, fault: Fault): void {
    const refusal = refusalOf(id, fault);
    const retryInMs = attach.includes(id) ? this.#options.quarantine.refuse(id, refusal) : STUCK_MS;
    this.#refused.set(id, { fault: refusal, retryInMs, isNew: true });
  }

  /** What is taken off makes room for the others; where that is not enough, at least some of them get on. */
  #makeRoom({ attach, detach, tries }: Part, fault: Fault): void {
    this.#fault = fault;
    // What is found out about room is not remembered, so the next change would begin anew.
    this.#isMakingRoom = attach.length > 1;
    if (attach.length === 0) return;
    if (detach.length > 0) this.#queue.unshift({ attach: [], detach, tries }, { attach, detach: [], tries });
    else this.#queue.unshift({ attach: attach.slice(0, Math.floor(attach.length / 2)), detach: [], tries });
  }

  /** Whether Azure has done what it reports as failed, or did not report at all. */
  async #isDoneAfterAll({ attach, detach }: Part, fault: Fault): Promise<boolean> {
    if (!Fault.is(fault, ...OUTCOME_UNKNOWN) || !(await this.#view.lookAgain())) return false;
    const { userAssigned } = this.#view.here;
    return attach.every((id) => userAssigned.has(id)) && !detach.some((id) => userAssigned.has(id));
  }

  /** Each of the identities that were refused before alone; when Azure takes one, the cause may be gone for all. */
  async #tryAside(due: readonly string[]): Promise<void> {
    const { quarantine } = this.#options;
    for (const [index, id] of due.entries()) {
      const waitMs = this.#goOnInMs ?? this.#waitMs(true);
      if (waitMs !== undefined) return this.#postpone(due.slice(index), waitMs);
      quarantine.claim(id);
      this.#queue.push({ attach: [id], detach: [], tries: 0 });
      await this.#work();
      if (!this.#view.here.userAssigned.has(id)) continue;
      const others = due.slice(index + 1);
      const othersWaitMs = this.#waitMs(true);
      if (othersWaitMs !== undefined) return this.#postpone(others, othersWaitMs);
      for (const other of others) quarantine.claim(other);
      this.#queue.push({ attach: others, detach: [], tries: 0 });
      return await this.#work();
    }
  }

  #postpone(ids: readonly string[], retryInMs: number): void {
    for (const id of ids) {
      const known = this.#options.quarantine.look(id);
      if (known !== undefined) this.#refused.set(id, { ...known, retryInMs, isNew: false });
    }
  }

  #result(): PatchResult {
    const { attach, detach, renew } = this.#wish;
    const done = new Set(this.#view.fulfilled(this.#wish));
    // A machine that is gone is rid of all its identities.
    if (this.#fault?.code === "ARM_NOT_FOUND") for (const id of detach) done.add(id);
    const refused = new Map([...this.#refused].filter(([id]) => !done.has(id)));
    const isOpen = [...attach, ...detach, ...renew.keys()].some((id) => !done.has(id) && !refused.has(id));
    const goOnInMs = this.#goOnInMs ?? (this.#isOutdated ? 0 : undefined);
    const goOn = isOpen && goOnInMs !== undefined ? { goOnInMs } : {};
    return { done, refused, fault: isOpen ? this.#fault : undefined, ...goOn };
  }
}

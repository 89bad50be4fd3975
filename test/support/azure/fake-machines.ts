import { Fault } from "../../../src/base/fault.ts";
import { raceAbort } from "../../../src/base/single-flight.ts";
import type { Carried, Machines, PatchResult, Refusal } from "../../../src/mic/ports.ts";

type Gate = { readonly machine: string; readonly open: PromiseWithResolvers<void> };
type Patch = Parameters<Machines["patch"]>;

/**
 * VMs and scale sets that remember their identities, each with the client ID that it had when it was put there. They
 * can be slow, refuse an identity, fail the next patch, or have no time.
 */
export class FakeMachines implements Machines {
  readonly #carried = new Map<string, Map<string, string>>();
  readonly #clientIds = new Map<string, string>();
  readonly #faults: Fault[] = [];
  readonly #hidden = new Map<string, Fault>();
  readonly #unreadable = new Map<string, Fault>();
  readonly #refused = new Set<string>();
  readonly #pinned = new Set<string>();
  readonly #gates: Gate[] = [];
  /** The machine of every patch so far, in order. */
  readonly patched: string[] = [];
  /** The machine of every read so far, in order; those of patches do not count. */
  readonly reads: string[] = [];
  /** The identities that were asked for themselves, in order. */
  readonly asked: string[] = [];
  /** How long a machine has no time for a patch. */
  readonly delays = new Map<string, number>();
  /** How many patches one machine had under way at once, at most. */
  mostAtOnceOnOne = 0;
  /** When a refused identity is worth a new attempt. */
  retryInMs = 50;
  readonly #underWay = new Map<string, number>();

  on(machine: string): readonly string[] {
    return [...(this.#carried.get(machine)?.keys() ?? [])].sort();
  }

  put(machine: string, ...ids: readonly string[]): void {
    const carried = new Map(this.#carried.get(machine));
    for (const id of ids) carried.set(id, this.#clientIds.get(id) ?? "");
    this.#carried.set(machine, carried);
  }

  /** Somebody takes identities off behind our back. */
  takeOff(machine: string, ...ids: readonly string[]): void {
    for (const id of ids) this.#carried.get(machine)?.delete(id);
  }

  /** From now on the identity has this client ID; machines that have it keep it as it was. */
  create(id: string, clientId: string): void {
    this.#clientIds.set(id, clientId);
  }

  /** Azure's own word of an identity; empty for those that nobody created. */
  async clientId(id: string): Promise<string> {
    this.asked.push(id);
    const fault = this.#hidden.get(id);
    if (fault !== undefined) throw fault;
    return this.#clientIds.get(id) ?? "";
  }

  /** From now on an identity itself cannot be read, or can again. */
  hide(id: string, fault: Fault | undefined): void {
    if (fault === undefined) this.#hidden.delete(id);
    else this.#hidden.set(id, fault);
  }

  /** From now on an identity stays wherever it is, as one with a pinned client ID. */
  pin(id: string): void {
    this.#pinned.add(id);
  }

  failNext(fault: Fault, times = 1): void {
    for (let i = 0; i < times; i += 1) this.#faults.push(fault);
  }

  /** From now on a machine cannot be read, or can again. */
  failReads(machine: string, fault: Fault | undefined): void {
    if (fault === undefined) this.#unreadable.delete(machine);
    else this.#unreadable.set(machine, fault);
  }

  /** From now on, or no longer, an identity is refused. */
  refuse(id: string, isRefused = true): void {
    if (isRefused) this.#refused.add(id);
    else this.#refused.delete(id);
  }

  /** Patches of the machine wait until the answer is called. */
  hold(machine: string): () => void {
    const gate = { machine, open: Promise.withResolvers<void>() };
    this.#gates.push(gate);
    return () => gate.open.resolve();
  }

  delayMs(machine: string): number {
    return this.delays.get(machine) ?? 0;
  }

  async read(machine: string): Promise<Carried> {
    this.reads.push(machine);
    const fault = this.#unreadable.get(machine);
    if (fault !== undefined) throw fault;
    return { userAssigned: new Set(this.on(machine)), clientIds: new Map(this.#carried.get(machine)) };
  }

  async patch(...[machine, wish, signal]: Patch): Promise<PatchResult> {
    this.patched.push(machine);
    const atOnce = (this.#underWay.get(machine) ?? 0) + 1;
    this.#underWay.set(machine, atOnce);
    this.mostAtOnceOnOne = Math.max(this.mostAtOnceOnOne, atOnce);
    try {
      for (const gate of this.#gates) if (gate.machine === machine) await raceAbort(gate.open.promise, signal);
      return this.#apply(machine, wish);
    } finally {
      this.#underWay.set(machine, (this.#underWay.get(machine) ?? 1) - 1);
    }
  }

  #apply(machine: string, { attach, detach, renew }: Patch[1]): PatchResult {
    const fault = this.#faults.shift();
    if (fault !== undefined) return { done: new Set(), refused: new Map(), fault };
    const wished = [...attach, ...renew.keys()];
    const refused = wished.filter((id) => this.#refused.has(id) && !this.on(machine).includes(id));
    this.takeOff(machine, ...[...detach, ...renew.keys()].filter((id) => !this.#pinned.has(id)));
    const added = wished.filter((id) => !refused.includes(id) && !this.on(machine).includes(id));
    this.put(machine, ...added);
    return {
      done: new Set([...wished, ...detach].filter((id) => !refused.includes(id))),
      refused: new Map(refused.map((id) => [id, this.#refusal(id)])),
      fault: undefined,
    };
  }

  #refusal(id: string): Refusal {
    const fault = new Fault("ARM_IDENTITY_REFUSED", `Azure refuses ${id}`, { facts: { identities: id } });
    return { fault, retryInMs: this.retryInMs, isNew: true };
  }
}

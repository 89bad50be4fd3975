import { Fault } from "../../src/base/fault.ts";
import { raceAbort } from "../../src/base/single-flight.ts";
import type { Machines } from "../../src/mic/ports.ts";

type Gate = { readonly machine: string; readonly open: PromiseWithResolvers<void> };

/** VMs and scale sets that remember their identities. They can be slow, refuse an identity, or fail the next patch. */
export class FakeMachines implements Machines {
  readonly #carried = new Map<string, Set<string>>();
  readonly #faults: Fault[] = [];
  readonly #refused = new Set<string>();
  readonly #gates: Gate[] = [];
  /** The machine of every patch so far, in order. */
  readonly patched: string[] = [];
  /** How many patches one machine had under way at once, at most. */
  mostAtOnceOnOne = 0;
  readonly #underWay = new Map<string, number>();

  on(machine: string): readonly string[] {
    return [...(this.#carried.get(machine) ?? [])].sort();
  }

  put(machine: string, ...ids: readonly string[]): void {
    this.#carried.set(machine, new Set([...this.on(machine), ...ids]));
  }

  failNext(fault: Fault, times = 1): void {
    for (let i = 0; i < times; i += 1) this.#faults.push(fault);
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

  delayMs(): number {
    return 0;
  }

  async patch(...[machine, { attach, detach }, signal]: Parameters<Machines["patch"]>) {
    this.patched.push(machine);
    const atOnce = (this.#underWay.get(machine) ?? 0) + 1;
    this.#underWay.set(machine, atOnce);
    this.mostAtOnceOnOne = Math.max(this.mostAtOnceOnOne, atOnce);
    try {
      for (const gate of this.#gates) if (gate.machine === machine) await raceAbort(gate.open.promise, signal);
      return this.#apply(machine, attach, detach);
    } finally {
      this.#underWay.set(machine, (this.#underWay.get(machine) ?? 1) - 1);
    }
  }

  #apply(machine: string, attach: readonly string[], detach: readonly string[]) {
    const fault = this.#faults.shift();
    if (fault !== undefined) return { done: new Set<string>(), refused: new Map(), fault };
    const carried = new Set(this.on(machine));
    for (const id of attach) if (!this.#refused.has(id)) carried.add(id);
    for (const id of detach) carried.delete(id);
    this.#carried.set(machine, carried);
    const done = new Set([...attach.filter((id) => carried.has(id)), ...detach]);
    const refused = attach.filter((id) => !carried.has(id));
    const refusal = new Fault("ARM_IDENTITY_REFUSED", `Azure refused ${refused.join(", ")}`);
    return { done, refused: new Map(), fault: refused.length > 0 ? refusal : undefined };
  }
}

import { randomUUID } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { type IdentityBlock, NO_IDENTITY } from "./identity-block.ts";
import { LongOperation } from "./long-operation.ts";
import type { MachineKind } from "./resource-id.ts";
import { ScheduledEvents } from "./scheduled-events.ts";

/** What a guest runs on: the VM itself, or an instance of a scale set. IMDS speaks for one of these. */
export type Instance = {
  /** ARM ID of the VM or of the instance. */
  readonly id: string;
  readonly name: string;
  readonly vmId: string;
  readonly address: string;
};

export type MachineFacts = {
  readonly id: string;
  readonly name: string;
  readonly kind: MachineKind;
  readonly resourceGroup: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly instances: readonly Instance[];
  /** Number of the next instance: those that were in use once do not come again. */
  readonly nextInstance: number;
  /** What else somebody has said about it, to be shown again. */
  readonly properties?: Readonly<Record<string, unknown>>;
};

/**
 * A VM or a scale set. ARM shows a change as soon as it is accepted; the guests see it when the operation is done.
 *
 *     change accepted ──► identity: new   guestIdentity: old   Updating
 *     operation done  ──► identity: new   guestIdentity: new   Succeeded
 */
export class Machine {
  readonly id: string;
  readonly uniqueId = randomUUID();
  /** Maintenance that its guests hear of. */
  readonly events = new ScheduledEvents();
  readonly #clock: Clock;
  #facts: MachineFacts;
  #identity: IdentityBlock;
  #before: IdentityBlock;
  #version = 1;
  #operation: LongOperation | undefined;

  constructor(facts: MachineFacts, clock: Clock, identity: IdentityBlock = NO_IDENTITY) {
    this.id = facts.id;
    this.#facts = facts;
    this.#clock = clock;
    this.#identity = identity;
    this.#before = identity;
  }

  get facts(): MachineFacts {
    return this.#facts;
  }

  /** Changes what the machine is, but for its identities. */
  revise(facts: Partial<Pick<MachineFacts, "tags" | "instances" | "nextInstance" | "properties">>): void {
    this.#facts = { ...this.#facts, ...facts };
    this.#version += 1;
  }

  /** Another one after each change, in the quotes that Azure makes part of it. */
  get etag(): string {
    return `"${this.#version}"`;
  }

  /** The identities as ARM shows them. */
  get identity(): IdentityBlock {
    return this.#identity;
  }

  /** The identities that IMDS gives tokens for. */
  get guestIdentity(): IdentityBlock {
    return this.isUpdating ? this.#before : this.#identity;
  }

  get isUpdating(): boolean {
    return this.#operation?.status === "InProgress";
  }

  /** Starts a change of the identities; one that is still under way is preempted, its effect included in this one. */
  change(identity: IdentityBlock, durationMs: number): LongOperation {
    this.#before = this.guestIdentity;
    this.#identity = identity;
    this.#version += 1;
    this.#operation?.preempt();
    this.#operation = new LongOperation(this.#clock, durationMs);
    return this.#operation;
  }
}

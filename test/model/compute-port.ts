import { armFault } from "../../src/azure/arm-fault.ts";
import type { Carried, Compute, Machine, UpdateOptions } from "../../src/azure/compute.ts";
import type { IdentityPatch } from "../../src/azure/identity-patch.ts";
import { type ArmError, notSignedIn, notThere, preempted } from "./arm-errors.ts";
import { type Azure, etagOf } from "./azure.ts";
import type { Dice } from "./dice.ts";
import type { Life } from "./life.ts";
import type { Timeline } from "./timeline.ts";

/** What a change that has reached Azure did. */
export type Effect = {
  readonly sent: Sent;
  /** With the client ID that each had on the machine. */
  readonly removed: ReadonlyMap<string, string>;
  readonly hadSystem: boolean;
};
/** A change on its way from one program to Azure. */
export type Sent = {
  readonly machine: string;
  readonly body: IdentityPatch;
  readonly at: number;
  readonly etag: string | undefined;
  readonly signal: AbortSignal;
};
export type AzureTrouble = {
  /** Of how many requests something becomes, from 0 to 1. */
  rate: number;
};

type Parts = {
  readonly timeline: Timeline;
  readonly dice: Dice;
  readonly azure: Azure;
  readonly trouble: AzureTrouble;
  readonly life: Life;
  readonly watch: {
    /** A change goes out, has reached Azure, is over for whoever asked. */
    readonly sent: (sent: Sent) => void;
    readonly arrived: (effect: Effect) => void;
    readonly over: (sent: Sent, error: ArmError | undefined) => void;
    readonly read: (machine: string, state: string) => void;
  };
};

/** One program's way to Azure. What it sent may still arrive when the program is dead or listens no more. */
export class ComputePort implements Compute {
  readonly #parts: Parts;
  readonly #errors = new WeakMap<Sent, ArmError>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get({ id }: Machine, signal: AbortSignal): Promise<Carried> {
    const { timeline, dice, azure, trouble, watch } = this.#parts;
    return this.#call(id, signal, (resolve, reject) => {
      if (dice.chance(trouble.rate / 2)) return reject(unreachable);
      timeline.in(dice.between(5, 150), () => {
        if (azure.isSignedOut) return reject(toSdkError(id, notSignedIn, "GET"));
        const machine = azure.machine(id);
        if (machine.state === "gone") return reject(toSdkError(id, notThere, "GET"));
        const state = azure.stateOf(machine);
        watch.read(id, state);
        const clientIds = new Map(machine.carried);
        const words = [machine.hasSystem ? ["SystemAssigned"] : [], clientIds.size > 0 ? ["UserAssigned"] : []].flat();
        const type = words.length === 0 ? "None" : words.join(", ");
        resolve({ type, state, clientIds, ...(azure.hasEtags && { etag: etagOf(machine) }) });
      });
    });
  }

  /** What Azure says of an identity itself. */
  clientId(resourceId: string, signal: AbortSignal): Promise<string> {
    const { timeline, dice, azure, trouble } = this.#parts;
    return this.#call(resourceId, signal, (resolve, reject) => {
      if (dice.chance(trouble.rate / 2)) return reject(unreachable);
      timeline.in(dice.between(5, 150), () => resolve(azure.clientIds.get(resourceId) ?? ""));
    });
  }

  update({ id }: Machine, body: IdentityPatch, signal: AbortSignal, { etag }: UpdateOptions = {}): Promise<void> {
    const { timeline, dice, trouble, watch } = this.#parts;
    const sent = { machine: id, body, at: timeline.now, etag, signal };
    return this.#call<void>(id, signal, (resolve, reject) => {
      watch.sent(sent);
      const isLost = dice.chance(trouble.rate / 4);
      const isUnheard = dice.chance(trouble.rate / 2);
      timeline.in(dice.between(5, 150), () => {
        const done = (error: ArmError | undefined) => {
          if (isUnheard) return reject(unreachable);
          if (error === undefined) return resolve();
          this.#errors.set(sent, error);
          reject(toSdkError(id, error));
        };
        if (isLost) reject(unreachable);
        else this.#arrive(sent, done);
      });
    }).finally(() => watch.over(sent, this.#errors.get(sent)));
  }

  #arrive(sent: Sent, done: (error: ArmError | undefined) => void): void {
    const { timeline, dice, azure, life, watch } = this.#parts;
    if ((life.isOver || sent.signal.aborted) && dice.chance(0.5)) return; // it never left
    const machine = azure.machine(sent.machine);
    azure.letOwnerGoFirst(machine);
    const before = { carried: [...machine.carried], hasSystem: machine.hasSystem };
    const { durationMs, error } = azure.change(sent.machine, sent.body, sent.etag);
    const removed = new Map(before.carried.filter(([id]) => !machine.carried.has(id)));
    watch.arrived({ sent, removed, hadSystem: before.hasSystem });
    const own = machine.operation;
    if (durationMs === Number.POSITIVE_INFINITY) return;
    timeline.in(durationMs, () => done(error ?? (machine.operation === own ? undefined : preempted)));
  }

  /** Whatever comes back takes its way too, and reaches only a program that lives and still listens. */
  #call<T>(
    machine: string,
    signal: AbortSignal,
    ask: (resolve: (value: T) => void, reject: (error: object) => void) => void,
  ): Promise<T> {
    const { timeline, dice, life } = this.#parts;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      const back = (answer: () => void) => void timeline.in(dice.between(5, 150), () => life.reach(answer));
      ask(
        (value) => back(() => resolve(value)),
        (error) => back(() => reject(armFault(error, machine))),
      );
    });
  }
}

const unreachable = { name: "RestError", code: "ECONNRESET", message: "socket hang up" };

/** What Azure's SDK makes of an answer. */
function toSdkError(machine: string, { status, code, message, retryAfterSeconds }: ArmError, method = "PATCH"): object {
  const headers = new Map(retryAfterSeconds === undefined ? [] : [["retry-after", String(retryAfterSeconds)]]);
  const request = { url: `https://management.azure.com${machine}?api-version=2024-07-01`, method };
  const told = status === 200 ? `The long-running operation has failed. ${code}. ${message}` : message;
  return { name: "RestError", code, message: told, statusCode: status, request, response: { headers } };
}

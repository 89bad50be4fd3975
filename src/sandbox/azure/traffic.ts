import type { Clock } from "../../base/clock.ts";
import { Refusal } from "./refusal.ts";

/** Every call that the emulators answer, by service and what it does. */
export const operations = [
  "arm.resourceGroups.get",
  "arm.userAssignedIdentities.get",
  "arm.userAssignedIdentities.list",
  "arm.userAssignedIdentities.put",
  "arm.userAssignedIdentities.delete",
  "arm.virtualMachines.get",
  "arm.virtualMachines.list",
  "arm.virtualMachines.update",
  "arm.virtualMachineScaleSets.get",
  "arm.virtualMachineScaleSets.list",
  "arm.virtualMachineScaleSets.update",
  "arm.virtualMachineScaleSetVMs.get",
  "arm.virtualMachineScaleSetVMs.list",
  "arm.operations.get",
  "entra.discovery",
  "entra.keys",
  "entra.token",
  "imds.attested",
  "imds.identityInfo",
  "imds.instance",
  "imds.scheduledEvents.get",
  "imds.scheduledEvents.start",
  "imds.token",
  "imds.versions",
] as const;

export type Operation = (typeof operations)[number];

/** An answer in place of the real one; or the connection closed without any. */
export type Failure =
  | {
      readonly status: number;
      readonly code: string;
      readonly message: string;
      readonly retryAfterSeconds?: number;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | "connection closed";

/** Thrown where the connection is to be closed without an answer. */
export class Hangup extends Error {
  override readonly name = "Hangup";
}

/** Counts the calls of each operation, and lets tests slow them down and make them fail. */
export class Traffic {
  readonly #clock: Clock;
  readonly #calls = new Map<Operation, number>();
  readonly #failures = new Map<Operation, Failure[]>();
  readonly #delays = new Map<Operation, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many calls of the operation have arrived so far, failed ones included. */
  calls(operation: Operation): number {
    return this.#calls.get(operation) ?? 0;
  }

  /** Makes the next calls of the operation fail, once or several times; failures queue up. */
  failNext(operation: Operation, failure: Failure, times = 1): void {
    const queue = this.#failures.get(operation) ?? [];
    this.#failures.set(operation, [...queue, ...new Array<Failure>(times).fill(failure)]);
  }

  /** Lets every call of the operation wait this long before its answer, until set to 0 again. */
  delay(operation: Operation, ms: number): void {
    this.#delays.set(operation, ms);
  }

  /**
   * One call arrives: it is counted, waits and fails as told.
   * @throws Refusal or Hangup
   */
  async arrive(operation: Operation, signal: AbortSignal): Promise<void> {
    this.#calls.set(operation, this.calls(operation) + 1);
    const failure = this.#failures.get(operation)?.shift();
    const waitMs = this.#delays.get(operation) ?? 0;
    if (waitMs > 0) await this.#clock.sleep(waitMs, signal);
    if (failure === undefined) return;
    if (failure === "connection closed") throw new Hangup(`${operation}: told to close the connection`);
    const { status, code, message, retryAfterSeconds, headers } = failure;
    const retryAfter = retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
    throw new Refusal(status, code, message, { ...retryAfter, ...headers });
  }
}

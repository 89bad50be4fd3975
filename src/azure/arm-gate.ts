import { resourceKey } from "../api/resource-id.ts";
import type { Clock } from "../base/clock.ts";
import type { Fault, FaultCode } from "../base/fault.ts";
import { ArmBudget, type Verb } from "./arm-budget.ts";
import { Breaker, type BreakerState, type Caller } from "./breaker.ts";
import type { Hear, Machine, Remaining } from "./compute.ts";
import { FailingMachines } from "./failing-machines.ts";

export type ArmGateOptions = {
  readonly clock: Clock;
  readonly random: () => number;
  /** Hears how long a call has to wait for its turn, in milliseconds. */
  readonly onWait?: ((ms: number) => void) | undefined;
  /** Hears when calls to a subscription are kept back, tried, or let go again. */
  readonly onBreaker?: ((state: BreakerState, subscription: string, reason?: Fault) => void) | undefined;
};

/** Codes of a 429 that is about the subscription, not about one machine. */
const SUBSCRIPTION_THROTTLED = new Set([
  "SubscriptionRequestsThrottled",
  "TenantRequestsThrottled",
  "ResourceRequestsThrottled",
]);
/** Codes of no answer at all, and of trouble with MIC's own sign-in: no machine is to blame. */
const OUTAGES = new Set<FaultCode>([
  "ARM_UNREACHABLE",
  "ENTRA_UNREACHABLE",
  "ENTRA_ERROR",
  "IMDS_UNREACHABLE",
  "IMDS_ERROR",
  "IMDS_THROTTLED",
]);
/** So many machines throttled within a minute, or failing in a row, mean that it is about all. */
const MANY_MACHINES = 3;
const MINUTE_MS = 60_000;
const SHORTEST_REST_MS = 1_000;
const REST_MS = 15_000;
const LONGEST_REST_MS = 15 * MINUTE_MS;

/** Reads and changes of a subscription have limits of their own, hence gates of their own. */
type Side = {
  readonly breaker: Breaker;
  readonly failing: FailingMachines;
  /** The machines that were throttled lately, and when. */
  readonly throttledAt: Map<string, number>;
  /** Azure has said that nothing is left for the subscription. */
  isSpent: boolean;
};
type Sides = { readonly get: Side; readonly update: Side; told: BreakerState };

/** Where every call to Azure passes: it waits for room in the budget, and goes only while Azure takes calls. */
export class ArmGate {
  readonly #options: ArmGateOptions;
  readonly #budget: ArmBudget;
  readonly #subscriptions = new Map<string, Sides>();

  constructor(options: ArmGateOptions) {
    this.#options = options;
    this.#budget = new ArmBudget(options.clock);
  }

  /** How long until a machine could be read and changed, in milliseconds. */
  delayMs(machine: Machine): number {
    const verbs = ["get", "update"] as const;
    return Math.max(
      ...verbs.map((verb) => this.#budget.delayMs(verb, machine)),
      ...verbs.map((verb) => this.#sides(machine)[verb].breaker.delayMs(this.#caller(verb, machine))),
    );
  }

  /** How long until there is room for a read and `spare` more, in milliseconds. */
  readDelayMs(machine: Machine, spare: number): number {
    return this.#budget.delayMs("get", machine, spare);
  }

  /** How long until there is room for a change and `spare` more, in milliseconds. */
  updateDelayMs(machine: Machine, spare: number): number {
    return this.#budget.delayMs("update", machine, spare);
  }

  /** Azure may take what it did not: MIC signs in as somebody else. */
  reset(): void {
    const kept = [...this.#subscriptions].filter(([, { told }]) => told !== "closed");
    this.#subscriptions.clear();
    for (const [subscription] of kept) this.#options.onBreaker?.("closed", subscription);
  }

  /** @throws Fault when Azure takes no calls of that kind now */
  check(verb: Verb, machine: Machine): void {
    this.#sides(machine)[verb].breaker.check(this.#caller(verb, machine));
  }

  /** Waits for a call's turn. @throws Fault when Azure takes no calls now; the signal's reason when that comes first */
  async enter(verb: Verb, machine: Machine, signal: AbortSignal): Promise<void> {
    this.check(verb, machine);
    await this.#budget.take(verb, machine, signal, this.#options.onWait);
    this.#sides(machine)[verb].breaker.enter(this.#caller(verb, machine));
    this.#tell(machine);
  }

  /** What to do with the head of an answer; the call that it answers may go on for minutes. */
  hearing(verb: Verb, machine: Machine): Hear {
    return (remaining) => {
      this.#budget.heard(verb, machine, remaining);
      if (remaining.status < 400) this.succeeded(verb, machine);
      else if (remaining.status === 429) this.#sides(machine)[verb].isSpent = isSpent(verb, remaining);
    };
  }

  succeeded(verb: Verb, machine: Machine): void {
    this.#answered(verb, machine);
    this.#tell(machine);
  }

  /** A call that has entered ended without an answer that says anything about Azure. */
  left(verb: Verb, machine: Machine): void {
    this.#sides(machine)[verb].breaker.left();
    this.#tell(machine);
  }

  failed(verb: Verb, machine: Machine, fault: Fault): void {
    const { breaker } = this.#sides(machine)[verb];
    if (fault.code === "ARM_THROTTLED") this.#throttled(verb, machine, fault);
    else if (OUTAGES.has(fault.code)) this.#unanswered(verb, machine, fault);
    else if (Number(fault.facts.status ?? 0) >= 500) this.#troubled(verb, machine, fault);
    else if (fault.code.startsWith("ARM_") && fault.code !== "ARM_CREDENTIAL") this.#refused(verb, machine, fault);
    else breaker.left();
    this.#tell(machine);
  }

  #answered(verb: Verb, machine: Machine): void {
    const { breaker, failing } = this.#sides(machine)[verb];
    breaker.answered();
    if (breaker.state === "closed") failing.answered(machine.id);
  }

  /** Azure has answered, but not done it; a machine that is busy rests as long as Azure asks, whatever is wished next. */
  #refused(verb: Verb, machine: Machine, { code, retryAfterMs }: Fault): void {
    this.#answered(verb, machine);
    if (code === "ARM_ERROR" && retryAfterMs !== undefined) this.#rest(verb, machine, retryAfterMs);
  }

  #unanswered(verb: Verb, machine: Machine, fault: Fault): void {
    const { breaker, failing } = this.#sides(machine)[verb];
    failing.suspect(machine.id);
    breaker.failed(fault);
  }

  /** Azure has nothing but trouble for a machine: it rests alone, unless others fail too. */
  #troubled(verb: Verb, machine: Machine, fault: Fault): void {
    const { breaker, failing } = this.#sides(machine)[verb];
    const { restMs, inRow } = failing.failed(machine.id);
    if (breaker.state === "half-open") breaker.failed(fault);
    else if (inRow >= MANY_MACHINES) breaker.opened(fault);
    else this.#rest(verb, machine, fault.retryAfterMs ?? restMs);
  }

  #throttled(verb: Verb, machine: Machine, fault: Fault): void {
    const side = this.#sides(machine)[verb];
    if (this.#isAboutAll(side, machine, fault)) {
      side.throttledAt.clear();
      side.breaker.opened(fault);
      return;
    }
    this.#rest(verb, machine, fault.retryAfterMs ?? REST_MS);
    this.#answered(verb, machine);
  }

  #rest(verb: Verb, machine: Machine, ms: number): void {
    this.#budget.rest(verb, machine, Math.min(LONGEST_REST_MS, Math.max(SHORTEST_REST_MS, ms)));
  }

  #caller(verb: Verb, machine: Machine): Caller {
    return { isSuspect: this.#sides(machine)[verb].failing.isSuspect(machine.id) };
  }

  /** Whether a 429 is about the whole subscription: Azure says so, or throttles one machine after the other. */
  #isAboutAll(side: Side, { id }: Machine, { facts }: Fault): boolean {
    const { throttledAt, isSpent } = side;
    side.isSpent = false;
    const now = this.#options.clock.monotonic();
    throttledAt.set(resourceKey(id), now);
    for (const [other, at] of throttledAt) if (at <= now - MINUTE_MS) throttledAt.delete(other);
    return isSpent || SUBSCRIPTION_THROTTLED.has(String(facts.code)) || throttledAt.size >= MANY_MACHINES;
  }

  #tell(machine: Machine): void {
    const sides = this.#sides(machine);
    const breakers = [sides.get.breaker, sides.update.breaker];
    const worst = (["open", "half-open"] as const).flatMap((one) =>
      breakers.filter((breaker) => breaker.state === one),
    );
    const state = worst[0]?.state ?? "closed";
    if (state === sides.told) return;
    sides.told = state;
    this.#options.onBreaker?.(state, machine.subscription.toLowerCase(), worst[0]?.reason);
  }

  #sides({ subscription }: Machine): Sides {
    const key = subscription.toLowerCase();
    const known = this.#subscriptions.get(key);
    if (known !== undefined) return known;
    const side = (): Side => ({
      breaker: new Breaker(this.#options),
      failing: new FailingMachines(this.#options),
      throttledAt: new Map(),
      isSpent: false,
    });
    const fresh: Sides = { get: side(), update: side(), told: "closed" };
    this.#subscriptions.set(key, fresh);
    return fresh;
  }
}

function isSpent(verb: Verb, { subscriptionReads, subscriptionWrites }: Remaining): boolean {
  return (verb === "get" ? subscriptionReads : subscriptionWrites) === 0;
}

import { resourceKey } from "../../../src/api/resource-id.ts";
import type { Refusal } from "../../../src/azure/machine-wish.ts";
import { ArmMachines, type MachinesOptions } from "../../../src/azure/machines.ts";
import { identityId } from "../make.ts";
import { FakeClock } from "../time/fake-clock.ts";
import { FakeCompute, firstClientId } from "./fake-compute.ts";

type Wish = {
  readonly attach?: string[];
  readonly detach?: string[];
  /** With the client ID that is stale, or the one that the identity has at first. */
  readonly renew?: readonly (string | readonly [string, string])[];
  readonly neededNow?: () => ReadonlySet<string>;
  readonly onBusy?: (state: string, longestMs: number) => void;
};

const never = new AbortController().signal;

/** The ARM ID of a VM; `0` and `1` are there from the start. */
export function vm(name: string): string {
  return `/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute/virtualmachines/${name}`;
}

/** The key of an identity's resource ID. */
export function idKey(name: string): string {
  return resourceKey(identityId(name));
}

export function idKeys(count: number, prefix = "id"): string[] {
  return Array.from({ length: count }, (_, i) => idKey(`${prefix}-${String(i).padStart(3, "0")}`));
}

/** Two VMs in memory, all that MIC does about their identities, and a clock for both. */
export function fakeAzure(options: Partial<MachinesOptions> = {}) {
  const clock = new FakeClock();
  const compute = new FakeCompute();
  compute.create(vm("0"));
  compute.create(vm("1"));
  /** Waits, and what the breaker does. */
  const events: unknown[] = [];
  const machines = new ArmMachines({
    compute,
    clock,
    random: () => 1,
    retryIntervalMs: 0,
    onWait: (ms) => events.push(["waits", ms]),
    onBreaker: (state, subscription) => events.push([state, subscription]),
    ...options,
  });
  /** Without letting time pass. */
  const now = ({ renew = [], ...wish }: Wish, machine = vm("0")) =>
    machines.patch(machine, { attach: [], detach: [], ...wish, renew: clientIdsOf(renew) }, never);
  const once = (wish: Wish, machine = vm("0")) => clock.passUntil(now(wish, machine), 1_000);
  /** In as many changes as it takes, each about what the one before has left. */
  const patch = async (wish: Wish, machine = vm("0")) => {
    const done = new Set<string>();
    const refused = new Map<string, Refusal>();
    for (let open = wish; ; open = left(open, [...done, ...refused.keys()])) {
      const { goOnInMs, ...result } = await once(open, machine);
      for (const id of result.done) done.add(id);
      for (const [id, refusal] of result.refused) refused.set(id, refusal);
      if (goOnInMs === undefined) return { done, refused, fault: result.fault };
      clock.advance(goOnInMs);
    }
  };
  return { clock, compute, machines, patch, once, now, events };
}

function clientIdsOf(renew: Required<Wish>["renew"]): ReadonlyMap<string, string> {
  return new Map(renew.map((one) => (typeof one === "string" ? [one, firstClientId(one)] : one)));
}

function left({ attach = [], detach = [], renew = [] }: Wish, without: readonly string[]): Wish {
  const isLeft = (id: string) => !without.includes(resourceKey(id));
  return {
    attach: attach.filter(isLeft),
    detach: detach.filter(isLeft),
    renew: [...clientIdsOf(renew)].filter(([id]) => isLeft(id)),
  };
}

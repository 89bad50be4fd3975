import { parseResourceId, type ResourceId, resourceKey } from "../api/resource-id.ts";
import type { IdentityPatch } from "./identity-patch.ts";

export type Machine = ResourceId & { readonly id: string; readonly isScaleSet: boolean };

/** What Azure shows of a machine. */
export type Carried = {
  /** Azure's word for the kinds of identities, such as `SystemAssigned, UserAssigned`; `None` when there are none. */
  readonly type: string;
  /** `Succeeded`, `Updating`, `Deleting`, …; empty when Azure does not say. */
  readonly state: string;
  /** Client IDs by resource ID in the spelling of `resourceKey`; empty where Azure does not say. */
  readonly clientIds: ReadonlyMap<string, string>;
  /** Another one after each change, where the cloud's api-version knows such. */
  readonly etag?: string | undefined;
};

/** What an answer's head says, heard before a long change is done: its status, and what is left of Azure's limits. */
export type Remaining = {
  readonly status: number;
  readonly subscriptionReads?: number;
  readonly subscriptionWrites?: number;
  /** By the name of the policy, such as `Microsoft.Compute/UpdateVM3Min`. */
  readonly resource: ReadonlyMap<string, number>;
};
export type Hear = (remaining: Remaining) => void;
export type UpdateOptions = {
  readonly hear?: Hear | undefined;
  /** The machine as it was seen: when it has changed since, Azure refuses with ARM_MACHINE_CHANGED. */
  readonly etag?: string | undefined;
};

/** VMs and scale sets as Azure offers them: one request a call, nothing tried again. Both throw Fault ARM_*. */
export type Compute = {
  get(machine: Machine, signal: AbortSignal, hear?: Hear): Promise<Carried>;
  /** Resolves when Azure has done it, which may take minutes. */
  update(machine: Machine, patch: IdentityPatch, signal: AbortSignal, options?: UpdateOptions): Promise<void>;
};

/**
 * Asks for changes only while we may. A process that was frozen goes on where it was, before any timer tells it that
 * its time is over: what it would send then is not sent.
 * @param mayChange asked right before each change; throws what the caller of the change is to get
 */
export function guarded(compute: Compute, mayChange: () => void): Compute {
  return {
    get: (machine, signal, hear) => compute.get(machine, signal, hear),
    update: async (machine, patch, signal, options) => {
      mayChange();
      await compute.update(machine, patch, signal, options);
    },
  };
}

/** The machine with that ARM ID. */
export function machineOf(id: string): Machine {
  const parsed = parseResourceId(id);
  if (parsed === undefined) throw new Error(`not the ARM ID of a machine: ${id}`);
  return { ...parsed, id, isScaleSet: resourceKey(parsed.type) === "virtualmachinescalesets" };
}

import type { ComputeManagementClient, ComputeManagementClientOptionalParams } from "@azure/arm-compute";
import type { TokenCredential } from "@azure/identity";
import { parseResourceId, type ResourceId, resourceKey } from "../api/resource-id.ts";
import { type Clock, realClock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import { armFault } from "./arm-fault.ts";
import { clientPolicies } from "./client-policies.ts";
import type { Cloud } from "./clouds.ts";
import {
  type IdentityPatch,
  type IdentityWish,
  identityPatches,
  type MachineIdentity,
  patched,
} from "./identity-patch.ts";

/** How the original's metrics call a request for a machine. */
type ArmOperation = "vm_get" | "vm_update" | "vmss_get" | "vmss_update";
export type ArmCall = {
  readonly operation: ArmOperation;
  readonly durationMs: number;
  readonly fault: Fault | undefined;
};

export type MachinesOptions = {
  readonly cloud: Cloud;
  /** Asked for once, before the first call. */
  readonly credential: () => Promise<TokenCredential>;
  readonly userAgent: string;
  /** Sent in place of the version that the SDK was made for, for clouds that are behind. */
  readonly apiVersion?: string;
  /** A certificate authority beside the system's, as PEM. */
  readonly ca?: string;
  readonly clock?: Clock;
  /** Client IDs, in lower case, of identities that are never taken off a machine, whoever wishes it. */
  readonly pinnedClientIds?: ReadonlySet<string>;
  /** Hears of every call. */
  readonly onCall?: (call: ArmCall) => void;
  /** Hears of pinned identities that were to be taken off a machine. */
  readonly onSpared?: (machine: string, ids: readonly string[]) => void;
};

/** What came of a wish: IDs that are now as wished, or pinned and therefore left where they are, and what stood in the way of the others. */
export type PatchResult = {
  readonly done: ReadonlySet<string>;
  readonly refused: ReadonlyMap<string, Refusal>;
  readonly fault: Fault | undefined;
};
/** An identity that Azure refuses, and when it is worth a new attempt. */
type Refusal = { readonly fault: Fault; readonly retryInMs: number; readonly isNew: boolean };
const none: ReadonlyMap<string, Refusal> = new Map();

const POLL_MS = 1_000;
/** The original gave up on an update after so long, too. */
const LONGEST_UPDATE_MS = 15 * 60_000;

/** With the identities that are pinned, by the client IDs that Azure says they have. */
type Found = MachineIdentity & { readonly pinned: ReadonlySet<string> };
type Machine = ResourceId & { readonly id: string; readonly isScaleSet: boolean };

/** The identities of VMs and scale sets, through ARM. The SDK is loaded when it is first needed. */
export class ArmMachines {
  readonly #options: MachinesOptions;
  readonly #clock: Clock;
  /** A client a subscription: nodes may be of several. */
  readonly #clients = new Map<string, Promise<ComputeManagementClient>>();

  constructor(options: MachinesOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
  }

  /** The identities of a machine. @throws Fault ARM_* */
  async read(machineId: string, signal: AbortSignal): Promise<Found> {
    const machine = machineOf(machineId);
    const { identity, provisioningState } = await this.#call(machine, "get", signal, (client, options) =>
      machine.isScaleSet
        ? client.virtualMachineScaleSets.get(machine.resourceGroup, machine.name, options)
        : client.virtualMachines.get(machine.resourceGroup, machine.name, options),
    );
    if (provisioningState === "Deleting") {
      throw new Fault("ARM_NOT_FOUND", `${machineId} is being deleted in Azure`, { facts: { machine: machineId } });
    }
    const carried = Object.entries(identity?.userAssignedIdentities ?? {});
    const isPinned = (clientId = "") => this.#options.pinnedClientIds?.has(clientId.toLowerCase()) === true;
    return {
      type: identity?.type ?? "None",
      userAssigned: new Set(carried.map(([id]) => resourceKey(id))),
      pinned: new Set(carried.flatMap(([id, { clientId }]) => (isPinned(clientId) ? [resourceKey(id)] : []))),
    };
  }

  /** How long until there is room for a change of the machine, in milliseconds. */
  delayMs(_machineId: string): number {
    return 0;
  }

  /**
   * Makes a machine carry what is wished, and resolves when Azure has done it. Failures are part of the result; it
   * rejects only with the signal's reason.
   */
  async patch(machineId: string, wish: IdentityWish, signal: AbortSignal): Promise<PatchResult> {
    if (wish.attach.length + wish.detach.length === 0) return { done: new Set(), refused: none, fault: undefined };
    let current: Found | undefined;
    try {
      current = await this.read(machineId, signal);
      for (const patch of identityPatches(current, this.#sparing(machineId, current, wish))) {
        await this.#update(machineOf(machineId), patch, signal);
        current = { ...current, ...patched(current, patch) };
      }
      return { done: fulfilled(current, wish), refused: none, fault: undefined };
    } catch (reason) {
      signal.throwIfAborted();
      const fault = Fault.from(reason);
      // A machine that is gone is rid of all its identities.
      if (fault.code === "ARM_NOT_FOUND") return { done: new Set(wish.detach), refused: none, fault };
      return { done: current === undefined ? new Set() : fulfilled(current, wish), refused: none, fault };
    }
  }

  /** The wish without what is pinned: the cluster's objects may give an identity any client ID, only Azure's counts. */
  #sparing(machineId: string, { pinned }: Found, { attach, detach }: IdentityWish): IdentityWish {
    const spared = detach.filter((id) => pinned.has(id));
    if (spared.length > 0) this.#options.onSpared?.(machineId, spared);
    return { attach, detach: detach.filter((id) => !pinned.has(id)) };
  }

  async #update(machine: Machine, identity: IdentityPatch, signal: AbortSignal): Promise<void> {
    // The SDK sends null as it is, although its types do not know that a patch may hold it.
    const parameters = { identity: identity as { type: IdentityPatch["type"] } };
    await this.#call(machine, "update", signal, async (client, options) => {
      const poller = machine.isScaleSet
        ? client.virtualMachineScaleSets.update(machine.resourceGroup, machine.name, parameters, options)
        : client.virtualMachines.update(machine.resourceGroup, machine.name, parameters, options);
      await poller.pollUntilDone(options);
    });
  }

  async #call<T>(
    machine: Machine,
    verb: "get" | "update",
    signal: AbortSignal,
    work: (client: ComputeManagementClient, options: CallOptions) => Promise<T>,
  ): Promise<T> {
    const started = this.#clock.monotonic();
    const deadline = AbortSignal.timeout(LONGEST_UPDATE_MS);
    let fault: Fault | undefined;
    try {
      const client = await this.#clientFor(machine.subscription);
      return await work(client, { abortSignal: AbortSignal.any([signal, deadline]), updateIntervalInMs: POLL_MS });
    } catch (reason) {
      signal.throwIfAborted();
      fault = deadline.aborted ? tooLate(machine.id, reason) : armFault(reason, machine.id);
      throw fault;
    } finally {
      const durationMs = this.#clock.monotonic() - started;
      const operation: ArmOperation = `${machine.isScaleSet ? "vmss" : "vm"}_${verb}`;
      if (!signal.aborted) this.#options.onCall?.({ operation, durationMs, fault });
    }
  }

  #clientFor(subscription: string): Promise<ComputeManagementClient> {
    const known = this.#clients.get(subscription) ?? this.#createClient(subscription);
    this.#clients.set(subscription, known);
    known.catch(() => this.#clients.delete(subscription)); // a failure is not kept
    return known;
  }

  async #createClient(subscription: string): Promise<ComputeManagementClient> {
    const { cloud, credential, userAgent, apiVersion, ca } = this.#options;
    const options: ComputeManagementClientOptionalParams = {
      endpoint: cloud.resourceManager,
      credentials: { scopes: [`${cloud.resourceManager}/.default`] },
      userAgentOptions: { userAgentPrefix: userAgent },
      // When to try again is the caller's business; only polls are repeated, by a policy.
      retryOptions: { maxRetries: 0 },
      additionalPolicies: clientPolicies({ apiVersion, clock: this.#clock }),
      ...(ca === undefined ? {} : { tlsOptions: { ca } }),
    };
    const [{ ComputeManagementClient }, signedIn] = await Promise.all([import("@azure/arm-compute"), credential()]);
    return new ComputeManagementClient(signedIn, subscription, options);
  }
}

type CallOptions = { readonly abortSignal: AbortSignal; readonly updateIntervalInMs: number };

function machineOf(id: string): Machine {
  const parsed = parseResourceId(id);
  if (parsed === undefined) throw new Error(`not the ARM ID of a machine: ${id}`);
  return { ...parsed, id, isScaleSet: resourceKey(parsed.type) === "virtualmachinescalesets" };
}

function fulfilled({ userAssigned, pinned }: Found, { attach, detach }: IdentityWish): ReadonlySet<string> {
  const isOff = (id: string) => !userAssigned.has(id) || pinned.has(id);
  return new Set([...attach.filter((id) => userAssigned.has(id)), ...detach.filter(isOff)]);
}

function tooLate(machine: string, reason: unknown): Fault {
  const message = `Azure did not finish with ${machine} within ${LONGEST_UPDATE_MS / 60_000} minutes; MIC looks again`;
  return new Fault("ARM_ERROR", message, { cause: reason, facts: { machine } });
}

import { resourceKey } from "../../../src/api/resource-id.ts";
import { armFault } from "../../../src/azure/arm-fault.ts";
import type { Carried, Compute, Hear, Machine, Remaining, UpdateOptions } from "../../../src/azure/compute.ts";
import type { IdentityPatch } from "../../../src/azure/identity-patch.ts";
import { raceAbort } from "../../../src/base/single-flight.ts";

/** How Azure words a refusal of identities: all of them, the first, or none. */
export type Naming = "all" | "first" | "none";
/** What goes wrong with a call in place of what it asks for; `after` is when Azure has done it nevertheless. */
export type Trouble = {
  readonly status: number | undefined;
  readonly code: string;
  readonly message?: string;
  readonly retryAfterSeconds?: number;
  readonly remaining?: Omit<Partial<Remaining>, "status">;
  readonly when?: "before" | "after";
};

type Holder = { type: string; state: string; version: number; readonly clientIds: Map<string, string> };

/** Azure's VMs and scale sets in memory, with the errors that Azure's own answers become. */
export class FakeCompute implements Compute {
  readonly #machines = new Map<string, Holder>();
  readonly #bad = new Set<string>();
  readonly #sick = new Map<string, Trouble>();
  readonly #troubles: { readonly verb: "get" | "update"; readonly trouble: Trouble }[] = [];
  readonly #gates: Promise<void>[] = [];
  naming: Naming = "all";
  /** What one machine can carry. */
  quota = Number.POSITIVE_INFINITY;
  /** Whether machines have etags. */
  hasEtags = true;
  /** Every PATCH so far that reached a machine. */
  readonly patches: { readonly machine: string; readonly patch: IdentityPatch }[] = [];
  gets = 0;

  create(
    id: string,
    over: Partial<{ readonly type: string; readonly state: string; readonly ids: readonly string[] }> = {},
  ): void {
    const { ids = [], type = ids.length > 0 ? "UserAssigned" : "None", state = "Succeeded" } = over;
    const clientIds = new Map(ids.map((one) => [resourceKey(one), firstClientId(one)]));
    this.#machines.set(resourceKey(id), { type, state, version: 1, clientIds });
  }

  /** Its owner changes a machine. */
  change(
    id: string,
    over: Partial<{ readonly type: string; readonly state: string; readonly ids: readonly string[] }>,
  ): void {
    const holder = this.#machines.get(resourceKey(id));
    if (holder === undefined) throw new Error(`no machine ${id}`);
    const { type = holder.type, state = holder.state, ids = [] } = over;
    for (const one of ids) holder.clientIds.set(resourceKey(one), firstClientId(one));
    Object.assign(holder, { type, state, version: holder.version + 1 });
  }

  on(id: string): readonly string[] {
    return [...(this.#machines.get(resourceKey(id))?.clientIds.keys() ?? [])].sort();
  }

  typeOf(id: string): string | undefined {
    return this.#machines.get(resourceKey(id))?.type;
  }

  remove(id: string): void {
    this.#machines.delete(resourceKey(id));
  }

  /** From now on identities are refused, or no longer. */
  refuse(ids: readonly string[], isRefused = true): void {
    for (const id of ids) isRefused ? this.#bad.add(resourceKey(id)) : this.#bad.delete(resourceKey(id));
  }

  failNext(verb: "get" | "update", trouble: Trouble, times = 1): void {
    for (let i = 0; i < times; i += 1) this.#troubles.push({ verb, trouble });
  }

  /** Every change of a machine fails from now on. */
  failAlways(id: string, trouble: Trouble): void {
    this.#sick.set(resourceKey(id), trouble);
  }

  /** The next change waits until the answer is called. */
  hold(): () => void {
    const gate = Promise.withResolvers<void>();
    this.#gates.push(gate.promise);
    return gate.resolve;
  }

  async get(machine: Machine, _signal: AbortSignal, hear?: Hear): Promise<Carried> {
    this.gets += 1;
    this.#fail("get", machine, hear);
    const found = this.#find(machine);
    const { type, state, clientIds } = found;
    return { type, state, clientIds: new Map(clientIds), etag: this.#etagOf(found) };
  }

  async update(
    machine: Machine,
    patch: IdentityPatch,
    signal: AbortSignal,
    { hear, etag }: UpdateOptions = {},
  ): Promise<void> {
    this.patches.push({ machine: resourceKey(machine.id), patch });
    const gate = this.#gates.shift();
    if (gate !== undefined) await raceAbort(gate, signal);
    const sick = this.#sick.get(resourceKey(machine.id));
    if (sick !== undefined) throw azureFault(machine, sick);
    const apply = () => this.#apply(this.#find(machine), patch);
    this.#fail("update", machine, hear, apply);
    if (etag !== undefined && etag !== this.#etagOf(this.#find(machine))) throw azureFault(machine, overtaken);
    this.#check(machine, patch);
    apply();
    hear?.({ status: 200, resource: new Map() });
  }

  #fail(verb: "get" | "update", machine: Machine, hear: Hear | undefined, apply = () => {}): void {
    const index = this.#troubles.findIndex((one) => one.verb === verb);
    const [next] = index < 0 ? [] : this.#troubles.splice(index, 1);
    if (next === undefined) return;
    const { status, remaining, when = "before" } = next.trouble;
    if (when === "after") apply();
    if (status !== undefined) hear?.({ status, resource: new Map(), ...remaining });
    throw azureFault(machine, next.trouble, verb);
  }

  #find(machine: Machine): Holder {
    const found = this.#machines.get(resourceKey(machine.id));
    if (found === undefined) throw azureFault(machine, { status: 404, code: "ResourceNotFound" });
    return found;
  }

  #etagOf({ version }: Holder): string | undefined {
    return this.hasEtags ? `"${version}"` : undefined;
  }

  #check(machine: Machine, patch: IdentityPatch): void {
    const added = Object.entries(patch.userAssignedIdentities ?? {}).flatMap(([id, value]) =>
      value === null ? [] : [id],
    );
    const bad = added.filter((id) => this.#bad.has(resourceKey(id)));
    if (bad.length > 0) throw azureFault(machine, refusal(bad, this.naming));
    const { clientIds } = this.#find(machine);
    const removed = Object.values(patch.userAssignedIdentities ?? {}).filter((value) => value === null).length;
    if (clientIds.size + added.length - removed > this.quota) {
      throw azureFault(machine, { status: 400, code: "TooManyUserAssignedIdentities", message: "no more" });
    }
  }

  #apply(holder: Holder, { type, userAssignedIdentities = {} }: IdentityPatch): void {
    holder.type = type;
    holder.version += 1;
    if (!/userassigned/i.test(type)) holder.clientIds.clear();
    for (const [id, value] of Object.entries(userAssignedIdentities)) {
      if (value === null) holder.clientIds.delete(resourceKey(id));
      else if (!holder.clientIds.has(resourceKey(id))) holder.clientIds.set(resourceKey(id), firstClientId(id));
    }
  }
}

const overtaken = { status: 412, code: "PreconditionFailed", message: "Etag provided does not match" };

/** The client ID of an identity that was never created anew. */
export function firstClientId(id: string): string {
  return `Client-of-${id.slice(id.lastIndexOf("/") + 1).toLowerCase()}`;
}

function refusal(bad: readonly string[], naming: Naming): Trouble {
  if (naming === "first") {
    return {
      status: 400,
      code: "FailedIdentityOperation",
      message: `Status: 'BadRequest'. Resource '${bad[0]}' was not found.`,
    };
  }
  const scopes = naming === "all" ? `'${bad.join(",")}'` : "given";
  const message = `The client 'app' with object id 'oid-1' has no permission on the linked scope(s) ${scopes}.`;
  return { status: 403, code: "LinkedAuthorizationFailed", message };
}

function azureFault(machine: Machine, trouble: Trouble, verb: "get" | "update" = "update") {
  const { status, code, message = "it said so", retryAfterSeconds } = trouble;
  const headers = new Map(retryAfterSeconds === undefined ? [] : [["retry-after", String(retryAfterSeconds)]]);
  const method = verb === "get" ? "GET" : "PATCH";
  const request = { url: `https://management.azure.com${machine.id}?api-version=2025-01-01`, method };
  const error = Object.assign(new Error(message), { name: "RestError", statusCode: status, code, request });
  return armFault(Object.assign(error, { response: { headers } }), machine.id);
}

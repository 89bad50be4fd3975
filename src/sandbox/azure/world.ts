import { randomUUID } from "node:crypto";
import { type Clock, realClock } from "../../base/clock.ts";
import { Federation } from "./federation.ts";
import { type AttachedIdentity, type IdentityBlock, newPrincipal } from "./identity-block.ts";
import type { LongOperation } from "./long-operation.ts";
import { type Instance, Machine } from "./machine.ts";
import { identityId, lookupKey, type MachineKind, machineId, resourceGroupId } from "./resource-id.ts";
import { Roles } from "./roles.ts";
import { type Application, type ServicePrincipal, ServicePrincipals } from "./service-principals.ts";
import { SigningKey } from "./signing-key.ts";
import { Traffic } from "./traffic.ts";

export type WorldOptions = {
  readonly subscription?: string;
  readonly tenant?: string;
  readonly location?: string;
  /** How long tokens live; Azure gives service principals an hour and managed identities a day. */
  readonly tokenSeconds?: number;
  readonly clock?: Clock;
  /** Signs the tokens; made anew by default, which takes a tenth of a second. */
  readonly key?: SigningKey;
};
export type ResourceGroup = { readonly id: string; readonly name: string; readonly location: string };
export type UserAssignedIdentity = AttachedIdentity & {
  readonly name: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
};
export type Named = { readonly resourceGroup: string; readonly name: string };
export type MachineWishes = Named & {
  /** Gives the machine an identity of its own. */
  readonly systemAssigned?: boolean;
  /** Resource IDs of user-assigned identities that it has from the start. */
  readonly userAssigned?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
};
export type MachineChange = { readonly operation: LongOperation; readonly machine: Machine };

/** One subscription of a small Azure: the truth that the ARM, Entra ID and IMDS emulators share. */
export class World {
  readonly subscription: string;
  readonly tenant: string;
  readonly location: string;
  readonly tokenSeconds: number | undefined;
  readonly clock: Clock;
  readonly key: SigningKey;
  readonly traffic: Traffic;
  readonly federation = new Federation();
  readonly roles = new Roles();
  readonly #groups = new Map<string, ResourceGroup>();
  readonly #identities = new Map<string, UserAssignedIdentity>();
  readonly #machines = new Map<string, Machine>();
  readonly #operations = new Map<string, MachineChange>();
  readonly #unassignable = new Set<string>();
  readonly #servicePrincipals = new ServicePrincipals();
  #addresses = 3; // Azure keeps the first four addresses of a subnet for itself

  constructor(key: SigningKey, options: WorldOptions) {
    this.key = key;
    this.subscription = options.subscription ?? randomUUID();
    this.tenant = options.tenant ?? randomUUID();
    this.location = options.location ?? "westeurope";
    this.tokenSeconds = options.tokenSeconds;
    this.clock = options.clock ?? realClock;
    this.traffic = new Traffic(this.clock);
  }

  /** The group with that name, made if it does not exist; so are the groups that other resources are put into. */
  createResourceGroup(name: string): ResourceGroup {
    const existing = this.#groups.get(lookupKey(name));
    if (existing !== undefined) return existing;
    const group = { id: resourceGroupId(this.subscription, name), name, location: this.location };
    this.#groups.set(lookupKey(name), group);
    return group;
  }

  resourceGroup(name: string): ResourceGroup | undefined {
    return this.#groups.get(lookupKey(name));
  }

  /** A new user-assigned identity; one that exists under that name keeps its IDs and gets the new tags. */
  createIdentity({
    resourceGroup,
    name,
    location = this.location,
    tags = {},
  }: Named & Partial<Pick<UserAssignedIdentity, "location" | "tags">>): UserAssignedIdentity {
    const group = this.createResourceGroup(resourceGroup);
    const id = identityId(group.id, name);
    const fresh = { id, name, resourceGroup: group.name, location, ...newPrincipal() };
    const identity = { ...fresh, ...this.#identities.get(lookupKey(id)), tags };
    this.#identities.set(lookupKey(id), identity);
    return identity;
  }

  /** The user-assigned identity with that resource ID. */
  identity(id: string): UserAssignedIdentity | undefined {
    return this.#identities.get(lookupKey(id));
  }

  /** Those of a resource group, or all. */
  identities(resourceGroup?: string): UserAssignedIdentity[] {
    const all = [...this.#identities.values()];
    if (resourceGroup === undefined) return all;
    return all.filter((one) => lookupKey(one.resourceGroup) === lookupKey(resourceGroup));
  }

  /** Deletes an identity. As in Azure, machines that hold it go on showing it, but get no more tokens for it. */
  deleteIdentity(id: string): boolean {
    return this.#identities.delete(lookupKey(id));
  }

  /** Takes the role that it takes to put an identity on machines away from everybody, or gives it back. */
  denyAssignment(id: string, isDenied = true): void {
    if (isDenied) this.#unassignable.add(lookupKey(id));
    else this.#unassignable.delete(lookupKey(id));
  }

  mayAssign(id: string, principalId: string): boolean {
    const action = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action";
    return !this.#unassignable.has(lookupKey(id)) && this.roles.allows(principalId, action, id);
  }

  /** Whether a service principal or an identity, a machine's own included, has that principal ID. */
  hasPrincipal(principalId: string): boolean {
    const own = [...this.#machines.values()].map(({ identity }) => identity.systemAssigned);
    const all = [...this.#servicePrincipals.all, ...this.#identities.values(), ...own];
    return all.some((one) => one?.principalId === principalId);
  }

  /** An application with a secret, and certificates if wished, in the world's tenant or another one. */
  createServicePrincipal(wishes: Partial<ServicePrincipal> = {}): ServicePrincipal {
    return this.#servicePrincipals.create({ tenant: this.tenant, ...wishes });
  }

  /** Who has that client ID in a tenant; user-assigned identities are in the world's own. */
  application(tenant: string, clientId: string): Application | undefined {
    const found = this.#servicePrincipals.find(tenant, clientId);
    if (found !== undefined || lookupKey(tenant) !== lookupKey(this.tenant)) return found;
    const identity = [...this.#identities.values()].find((one) => lookupKey(one.clientId) === lookupKey(clientId));
    return identity && { clientId: identity.clientId, principalId: identity.principalId, certificates: [] };
  }

  /** The application that tokens of that audience are for, where the tenant has it; Azure's own resources are none. */
  resource(tenant: string, audience: string): ServicePrincipal | undefined {
    return this.#servicePrincipals.resource(tenant, audience);
  }

  /** Whether Entra ID knows the tenant: the world's own, or one that a service principal was made in. */
  hasTenant(tenant: string): boolean {
    const tenants = [this.tenant, ...this.#servicePrincipals.all.map((one) => one.tenant)];
    return tenants.some((one) => lookupKey(one) === lookupKey(tenant));
  }

  createVm(wishes: MachineWishes): Machine {
    return this.#createMachine("virtualMachines", wishes, (id) => [this.#instance(id, wishes.name)]);
  }

  /** A scale set with instances 0, 1, …; their IDs end in `/virtualMachines/0` and so on. */
  createScaleSet({ instances, ...wishes }: MachineWishes & { readonly instances: number }): Machine {
    return this.#createMachine("virtualMachineScaleSets", wishes, (id) =>
      Array.from({ length: instances }, (_, n) => this.#instance(`${id}/virtualMachines/${n}`, `${wishes.name}_${n}`)),
    );
  }

  /** The VM or scale set with that ID; the ID of an instance gives its scale set. */
  machine(id: string): Machine | undefined {
    const machine = this.#machines.get(lookupKey(id));
    return machine ?? this.#machines.get(lookupKey(id).replace(/(\/virtualmachinescalesets\/[^/]+)\/.*$/, "$1"));
  }

  /** Those of a resource group, or all. */
  machines(kind: MachineKind, resourceGroup?: string): Machine[] {
    const key = resourceGroup === undefined ? undefined : lookupKey(resourceGroup);
    return [...this.#machines.values()].filter(
      ({ facts }) => facts.kind === kind && (key ?? lookupKey(facts.resourceGroup)) === lookupKey(facts.resourceGroup),
    );
  }

  /** Changes what a machine is; `capacity` is how many instances its scale set has, the youngest leave first. */
  revise(machine: Machine, { capacity, ...facts }: Parameters<Machine["revise"]>[0] & { readonly capacity?: number }) {
    const { id, name, instances, nextInstance } = machine.facts;
    const missing = Math.max(0, (capacity ?? 0) - instances.length);
    const numbers = Array.from({ length: missing }, (_, n) => nextInstance + n);
    const more = numbers.map((number) => this.#instance(`${id}/virtualMachines/${number}`, `${name}_${number}`));
    const all = { instances: [...instances.slice(0, capacity), ...more], nextInstance: nextInstance + missing };
    const changes = { ...facts, ...(capacity !== undefined && all) };
    if (Object.keys(changes).length > 0) machine.revise(changes);
  }

  deleteMachine(id: string): boolean {
    return this.#machines.delete(lookupKey(id));
  }

  /** Starts a change of a machine's identities; the operation can be found under its ID from then on. */
  changeIdentity(machine: Machine, identity: IdentityBlock, durationMs: number): LongOperation {
    const operation = machine.change(identity, durationMs);
    this.#operations.set(operation.id, { operation, machine });
    return operation;
  }

  operation(id: string): MachineChange | undefined {
    return this.#operations.get(id.toLowerCase());
  }

  /** Resource IDs of the user-assigned identities that the guests of a machine can use now, sorted. */
  identitiesOn(id: string): string[] {
    const machine = this.machine(id);
    if (machine === undefined) throw new Error(`there is no machine ${id} in this Azure`);
    return [...machine.guestIdentity.userAssigned.values()].map((identity) => identity.id).sort();
  }

  #createMachine(kind: MachineKind, wishes: MachineWishes, instances: (id: string) => Instance[]): Machine {
    const { name, systemAssigned = false, userAssigned = [], tags = {} } = wishes;
    const group = this.createResourceGroup(wishes.resourceGroup);
    const id = machineId(group.id, kind, name);
    const where = { resourceGroup: group.name, location: this.location };
    const all = instances(id);
    const facts = { id, name, kind, ...where, tags, instances: all, nextInstance: all.length };
    const identity: IdentityBlock = {
      systemAssigned: systemAssigned ? newPrincipal() : undefined,
      userAssigned: new Map(userAssigned.map((one) => [lookupKey(one), this.#existing(one)])),
    };
    const machine = new Machine(facts, this.clock, identity);
    this.#machines.set(lookupKey(id), machine);
    return machine;
  }

  #existing(id: string): UserAssignedIdentity {
    const identity = this.identity(id);
    if (identity === undefined) throw new Error(`there is no identity ${id} in this Azure: create it first`);
    return identity;
  }

  #instance(id: string, name: string): Instance {
    this.#addresses += 1;
    const address = `10.224.${this.#addresses >> 8}.${this.#addresses & 255}`;
    return { id, name, vmId: randomUUID(), address };
  }
}

/** A small Azure of its own, empty but for a subscription and a tenant. */
export async function createWorld(options: WorldOptions = {}): Promise<World> {
  return new World(options.key ?? (await SigningKey.generate()), options);
}

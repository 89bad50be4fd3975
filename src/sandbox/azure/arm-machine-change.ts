import { checkMatch } from "./arm-etag.ts";
import { pollHeaders, shown } from "./arm-operations.ts";
import { checkAssignments } from "./arm-roles.ts";
import { type ArmContext, groupOf, readJson, readTags } from "./arm-scope.ts";
import { invalidContent, NO_IDENTITY, patchedIdentity, replacedIdentity } from "./identity-block.ts";
import type { Machine } from "./machine.ts";
import { Refusal } from "./refusal.ts";
import { type MachineKind, machineId } from "./resource-id.ts";
import type { Answer, Asked, Params } from "./server.ts";

type Body = Readonly<Record<string, unknown>>;

const MOST_INSTANCES = 1000;
/** What a machine shows of itself may be sent back with it. */
const SHOWN_ONLY = ["id", "name", "type", "etag"];

/**
 * PATCH: identities, tags, the size of a scale set. Azure shows the new identities at once as `Updating`; a newer change
 * preempts one that is still under way.
 */
export function patchMachine(context: ArmContext, machine: Machine, asked: Asked): Answer {
  const { world, operationMs } = context;
  const body = readJson(asked);
  refuseOthers(body, ["identity", "tags", ...sizeKeys(machine.facts.kind)]);
  const { identity: patch } = body;
  if (patch !== undefined) checkAssignments(world, machine.facts, patch, asked);
  checkMatch(machine, asked);
  const revision = revisionOf(body);
  const change = { machineId: machine.id, find: (id: string) => world.identity(id) };
  const identity = patch === undefined ? machine.identity : patchedIdentity(machine.identity, patch, change);
  world.revise(machine, revision);
  if (patch === undefined && revision.capacity === undefined) return shown(world, machine, asked);
  return shown(world, machine, asked, pollHeaders(world, world.changeIdentity(machine, identity, operationMs), asked));
}

/** PUT: a new machine, or an existing one as it shall be from now on. Without `identity` it keeps its identities. */
export function putMachine(context: ArmContext, kind: MachineKind, params: Params, asked: Asked): Answer {
  const { world, operationMs } = context;
  const group = groupOf(world, params);
  const { name = "" } = params;
  const id = machineId(group.id, kind, name);
  const body = readJson(asked);
  refuseOthers(body, ["location", "tags", "identity", "properties", ...sizeKeys(kind), ...SHOWN_ONLY]);
  const existing = world.machine(id);
  checkLocation(body, existing ?? { facts: { location: world.location } }, { name, group: group.name });
  if (body.identity !== undefined) checkAssignments(world, { id, kind }, body.identity, asked);
  if (existing !== undefined) checkMatch(existing, asked);
  const change = { machineId: id, find: (one: string) => world.identity(one) };
  const before = existing?.identity ?? NO_IDENTITY;
  const identity = body.identity === undefined ? before : replacedIdentity(before, body.identity, change);
  const revision = { tags: {}, ...revisionOf(body), properties: propertiesOf(body) };
  const wishes = { resourceGroup: group.name, name };
  const instances = revision.capacity ?? 1;
  const fresh = () =>
    kind === "virtualMachines" ? world.createVm(wishes) : world.createScaleSet({ ...wishes, instances });
  const machine = existing ?? fresh();
  world.revise(machine, revision);
  const headers = pollHeaders(world, world.changeIdentity(machine, identity, operationMs), asked);
  return { ...shown(world, machine, asked, headers), status: existing === undefined ? 201 : 200 };
}

/** DELETE: gone at once, though the operation takes its time. */
export function deleteMachine({ world, operationMs }: ArmContext, machine: Machine, asked: Asked): Answer {
  const operation = world.changeIdentity(machine, NO_IDENTITY, operationMs);
  world.deleteMachine(machine.id);
  const headers = pollHeaders(world, operation, asked);
  return { status: operation.status === "Succeeded" ? 200 : 202, headers };
}

function sizeKeys(kind: MachineKind): readonly string[] {
  return kind === "virtualMachineScaleSets" ? ["sku"] : [];
}

function refuseOthers(body: Body, known: readonly string[]): void {
  const unknown = Object.keys(body).filter((key) => !known.includes(key));
  if (unknown.length === 0) return;
  const message = `This emulator changes nothing of a machine but its ${known.filter((key) => !SHOWN_ONLY.includes(key)).join(", ")}; leave '${unknown.join("', '")}' out.`;
  throw new Refusal(501, "NotImplemented", message);
}

function revisionOf(body: Body): { readonly tags?: Readonly<Record<string, string>>; readonly capacity?: number } {
  const { sku } = body as { readonly sku?: { readonly capacity?: unknown } | null };
  const capacity = sku?.capacity;
  if (
    capacity !== undefined &&
    !(Number.isInteger(capacity) && Number(capacity) >= 0 && Number(capacity) <= MOST_INSTANCES)
  ) {
    throw invalidContent(`Expected a number from 0 to ${MOST_INSTANCES}. Path 'sku.capacity'.`);
  }
  return {
    ...(body.tags !== undefined && { tags: readTags(body.tags) }),
    ...(capacity !== undefined && { capacity: Number(capacity) }),
  };
}

function checkLocation(
  { location }: Body,
  { facts }: { readonly facts: { readonly location: string } },
  { name, group }: { readonly name: string; readonly group: string },
): void {
  if (typeof location !== "string" || location === "") {
    throw new Refusal(400, "LocationRequired", "The location property is required for this definition.");
  }
  if (location.toLowerCase().replaceAll(" ", "") === facts.location.toLowerCase()) return;
  const message = `The resource '${name}' already exists in location '${facts.location}' in resource group '${group}'. A resource with the same name cannot be created in location '${location}'. Please select a new resource name.`;
  throw new Refusal(409, "InvalidResourceLocation", message);
}

/** What the machine is made of is kept and shown again, never carried out; passwords are never shown. */
function propertiesOf({ properties = {} }: Body): Body {
  if (typeof properties !== "object" || properties === null) {
    throw invalidContent("Expected a JSON object. Path 'properties'.");
  }
  const text = JSON.stringify(properties, (key, value) => (key === "adminPassword" ? undefined : value));
  return JSON.parse(text) as Body;
}

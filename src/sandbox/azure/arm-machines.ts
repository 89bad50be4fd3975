import { checkMatch, etagFor } from "./arm-etag.ts";
import { instanceJson, machineJson, operationJson, PREEMPTED } from "./arm-machine-json.ts";
import { checkAssignments } from "./arm-roles.ts";
import { type ArmContext, checkSubscription, groupOf, groupPath, readJson, resourceNotFound } from "./arm-scope.ts";
import { patchedIdentity } from "./identity-block.ts";
import type { LongOperation } from "./long-operation.ts";
import type { Machine } from "./machine.ts";
import { Refusal } from "./refusal.ts";
import { type MachineKind, machineId } from "./resource-id.ts";
import type { Answer, Asked, Params, Route } from "./server.ts";
import type { World } from "./world.ts";

/** VMs, scale sets and their instances: list and read; change of the identities, a long-running operation. */
export function machineRoutes(context: ArmContext): Route[] {
  const kinds = ["virtualMachines", "virtualMachineScaleSets"] as const;
  return [...kinds.flatMap((kind) => routesOf(kind, context)), ...instanceRoutes(context), operationRoute(context)];
}

function routesOf(kind: MachineKind, context: ArmContext): Route[] {
  const { world } = context;
  const all = groupPath(`/providers/Microsoft\\.Compute/${kind}`);
  const one = groupPath(`/providers/Microsoft\\.Compute/${kind}/(?<name>[^/]+)`);
  return [
    {
      method: "GET",
      path: all,
      operation: `arm.${kind}.list`,
      answer: (asked, params) => {
        const machines = world.machines(kind, groupOf(world, params).name);
        return { status: 200, json: { value: machines.map((one) => machineJson(world, one, etagFor(one, asked))) } };
      },
    },
    {
      method: "GET",
      path: one,
      operation: `arm.${kind}.get`,
      answer: (asked, params) => shown(world, machineOf(world, kind, params), asked),
    },
    {
      method: "PATCH",
      path: one,
      operation: `arm.${kind}.update`,
      answer: (asked, params) => update(context, machineOf(world, kind, params), asked),
    },
  ];
}

function machineOf(world: World, kind: MachineKind, params: Params): Machine {
  const group = groupOf(world, params);
  const { name = "" } = params;
  const machine = world.machine(machineId(group.id, kind, name));
  if (machine === undefined) throw resourceNotFound(`Microsoft.Compute/${kind}`, name, group.name);
  return machine;
}

function instanceRoutes({ world }: ArmContext): Route[] {
  const kind = "virtualMachineScaleSets";
  const all = `/providers/Microsoft\\.Compute/${kind}/(?<name>[^/]+)/virtualMachines`;
  return [
    {
      method: "GET",
      path: groupPath(all),
      operation: "arm.virtualMachineScaleSetVMs.list",
      answer: (_, params) => {
        const scaleSet = machineOf(world, kind, params);
        return { status: 200, json: { value: scaleSet.facts.instances.map((one) => instanceJson(scaleSet, one)) } };
      },
    },
    {
      method: "GET",
      path: groupPath(`${all}/(?<instance>[^/]+)`),
      operation: "arm.virtualMachineScaleSetVMs.get",
      answer: (_, params) => {
        const scaleSet = machineOf(world, kind, params);
        const { instance = "", name = "" } = params;
        const found = scaleSet.facts.instances[Number(instance)];
        if (found !== undefined) return { status: 200, json: instanceJson(scaleSet, found) };
        const type = `Microsoft.Compute/${kind}/${name}/virtualMachines`;
        throw resourceNotFound(type, instance, scaleSet.facts.resourceGroup);
      },
    },
  ];
}

function shown(world: World, machine: Machine, asked: Asked, others: Answer["headers"] = {}): Answer {
  const etag = etagFor(machine, asked);
  return { status: 200, json: machineJson(world, machine, etag), headers: { ...others, ...(etag && { etag }) } };
}

/** Azure shows the new identities at once as `Updating`; a newer change preempts one that is still under way. */
function update({ world, operationMs }: ArmContext, machine: Machine, asked: Asked): Answer {
  const { identity: patch, ...others } = readJson(asked);
  const unknown = Object.keys(others);
  if (unknown.length > 0) {
    const message = `This emulator changes nothing of a machine but its identity; leave '${unknown.join("', '")}' out.`;
    throw new Refusal(501, "NotImplemented", message);
  }
  if (patch === undefined) return shown(world, machine, asked);
  checkAssignments(world, machine, patch, asked);
  checkMatch(machine, asked);
  const change = { machineId: machine.id, find: (id: string) => world.identity(id) };
  const operation = world.changeIdentity(machine, patchedIdentity(machine.identity, patch, change), operationMs);
  return shown(world, machine, asked, operation.status === "Succeeded" ? {} : pollHeaders(world, operation, asked));
}

function pollHeaders(world: World, operation: LongOperation, { origin, query }: Asked): Record<string, string> {
  const version = encodeURIComponent(query.get("api-version") ?? "");
  const path = `/subscriptions/${world.subscription}/providers/Microsoft.Compute/locations/${world.location}/operations/${operation.id}`;
  const url = `${origin}${path}?api-version=${version}`;
  return { "azure-asyncoperation": url, location: `${url}&monitor=true`, ...retryAfter(operation) };
}

function retryAfter({ durationMs }: LongOperation): Record<string, string> {
  return { "retry-after": String(Math.ceil(durationMs / 1000)) };
}

function operationRoute({ world }: ArmContext): Route {
  return {
    method: "GET",
    path: /^\/subscriptions\/(?<subscription>[^/]+)\/providers\/Microsoft\.Compute\/locations\/[^/]+\/operations\/(?<id>[^/]+)$/i,
    operation: "arm.operations.get",
    answer: (asked, { subscription = "", id = "" }) => {
      checkSubscription(world, subscription);
      const entry = world.operation(id);
      if (entry === undefined) throw new Refusal(404, "NotFound", `The operation '${id}' could not be found.`);
      const { operation, machine } = entry;
      const isDone = operation.status !== "InProgress";
      const headers = isDone ? {} : retryAfter(operation);
      if (asked.query.get("monitor") !== "true") return { status: 200, json: operationJson(operation), headers };
      if (operation.status === "Canceled") throw new Refusal(409, PREEMPTED.code, PREEMPTED.message);
      return { ...shown(world, machine, asked, headers), status: isDone ? 200 : 202 };
    },
  };
}

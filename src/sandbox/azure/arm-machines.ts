import { etagFor } from "./arm-etag.ts";
import { deleteMachine, patchMachine, putMachine } from "./arm-machine-change.ts";
import { instanceJson, machineJson } from "./arm-machine-json.ts";
import { operationRoute, shown } from "./arm-operations.ts";
import { type ArmContext, checkSubscription, groupOf, groupPath, resourceNotFound } from "./arm-scope.ts";
import type { Machine } from "./machine.ts";
import { type MachineKind, machineId } from "./resource-id.ts";
import type { Params, Route } from "./server.ts";
import type { World } from "./world.ts";

/** VMs, scale sets and their instances: list, read, create, change, delete; changes are long-running operations. */
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
      path: new RegExp(`^/subscriptions/(?<subscription>[^/]+)/providers/Microsoft\\.Compute/${kind}/?$`, "i"),
      operation: `arm.${kind}.list`,
      answer: (asked, { subscription = "" }) => {
        checkSubscription(world, subscription);
        const machines = world.machines(kind);
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
      answer: (asked, params) => patchMachine(context, machineOf(world, kind, params), asked),
    },
    {
      method: "PUT",
      path: one,
      operation: `arm.${kind}.put`,
      answer: (asked, params) => putMachine(context, kind, params, asked),
    },
    {
      method: "DELETE",
      path: one,
      operation: `arm.${kind}.delete`,
      answer: (asked, params) => {
        const machine = findMachine(world, kind, params);
        return machine === undefined ? { status: 204 } : deleteMachine(context, machine, asked);
      },
    },
  ];
}

function findMachine(world: World, kind: MachineKind, params: Params): Machine | undefined {
  return world.machine(machineId(groupOf(world, params).id, kind, params.name ?? ""));
}

function machineOf(world: World, kind: MachineKind, params: Params): Machine {
  const machine = findMachine(world, kind, params);
  if (machine !== undefined) return machine;
  throw resourceNotFound(`Microsoft.Compute/${kind}`, params.name ?? "", groupOf(world, params).name);
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
        const found = scaleSet.facts.instances.find(({ id }) => id.endsWith(`/${instance}`));
        if (found !== undefined) return { status: 200, json: instanceJson(scaleSet, found) };
        const type = `Microsoft.Compute/${kind}/${name}/virtualMachines`;
        throw resourceNotFound(type, instance, scaleSet.facts.resourceGroup);
      },
    },
  ];
}

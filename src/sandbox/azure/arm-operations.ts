import { etagFor } from "./arm-etag.ts";
import { machineJson, operationJson, PREEMPTED } from "./arm-machine-json.ts";
import { type ArmContext, checkSubscription } from "./arm-scope.ts";
import type { LongOperation } from "./long-operation.ts";
import type { Machine } from "./machine.ts";
import { Refusal } from "./refusal.ts";
import type { Answer, Asked, Route } from "./server.ts";
import type { World } from "./world.ts";

/** A machine as it is now, with further headers. */
export function shown(world: World, machine: Machine, asked: Asked, others: Answer["headers"] = {}): Answer {
  const etag = etagFor(machine, asked);
  return { status: 200, json: machineJson(world, machine, etag), headers: { ...others, ...(etag && { etag }) } };
}

/** Where to follow an operation, in either of Azure's ways; nothing when it is done already. */
export function pollHeaders(world: World, operation: LongOperation, { origin, query }: Asked): Record<string, string> {
  if (operation.status === "Succeeded") return {};
  const version = encodeURIComponent(query.get("api-version") ?? "");
  const path = `/subscriptions/${world.subscription}/providers/Microsoft.Compute/locations/${world.location}/operations/${operation.id}`;
  const url = `${origin}${path}?api-version=${version}`;
  return { "azure-asyncoperation": url, location: `${url}&monitor=true`, ...retryAfter(operation) };
}

function retryAfter({ durationMs }: LongOperation): Record<string, string> {
  return { "retry-after": String(Math.ceil(durationMs / 1000)) };
}

export function operationRoute({ world }: ArmContext): Route {
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
      if (isDone && world.machine(machine.id) !== machine) return { status: 204 };
      return { ...shown(world, machine, asked, headers), status: isDone ? 200 : 202 };
    },
  };
}

import type { Assignment, AssignmentState } from "../../src/api/assignment.ts";
import type { Meta } from "../../src/api/meta.ts";
import type { Placement } from "../../src/api/placement.ts";
import { resourceKey } from "../../src/api/resource-id.ts";
import { planAssignments } from "../../src/assignment/plan.ts";
import type { Snapshot } from "../../src/assignment/types.ts";
import { snapshot } from "./kube/small-cluster.ts";
import { assignment, binding, identity, identityId, node } from "./make.ts";

const COMPUTE = "/subscriptions/sub/resourcegroups/rg/providers/microsoft.compute";
/** The ARM ID of a machine or identity as plans spell it. */
export const vm = (name: string) => `${COMPUTE}/virtualmachines/${name}`;
export const scaleSet = (name: string) => `${COMPUTE}/virtualmachinescalesets/${name}`;
export const id = (name: string) => resourceKey(identityId(name));

/** One identity, and the binding that gives it to pods with its name as label. */
export const demo = { identity: identity("demo"), binding: binding("demo") };
export const world = { nodes: [node("node-0"), node("node-1")], identities: [demo.identity], bindings: [demo.binding] };

/** A record as it is with other metadata. */
export function marked(meta: Partial<Meta>, one: Assignment): Assignment {
  return { ...one, meta: { ...one.meta, ...meta } };
}

/** A record that somebody has deleted, which waits for its finalizers. */
export function dying(one: Assignment): Assignment {
  return marked({ deletionTimestamp: "2026-01-01T00:00:00Z" }, one);
}

type RecordOver = { readonly machine?: string; readonly leftovers?: readonly Placement[]; readonly nodeName?: string };

/** A record as MIC writes it, naming its machine. */
export function record(
  of: Parameters<typeof assignment>[0],
  state: AssignmentState = "Assigned",
  over: RecordOver = {},
) {
  const made = assignment(of, state, over.nodeName === undefined ? {} : { nodeName: over.nodeName });
  const isPlaced = of.identity.type === 0;
  return { ...made, machine: isPlaced ? vm(made.nodeName) : "", leftovers: [], ...over };
}

/** A plan as short lines: what happens to which record, and what goes on and off the machine. */
export function lines(over: Partial<Snapshot>): string[] {
  return planAssignments(snapshot({ ...world, ...over })).machines.flatMap(
    ({ machine, work, attach, detach, repair, forget }) => [
      `on ${machine.replace(`${COMPUTE}/`, "")}`,
      ...work.map(({ draft, record, awaits, clears }) => {
        const verb = draft === undefined ? "confirm" : record === undefined ? "create" : "rewrite";
        const name = draft?.name ?? record?.meta.name;
        const state = draft?.state ?? (awaits === undefined ? "cleared" : "Assigned");
        return `${verb} ${name} ${state}${clears.length > 0 ? ` clearing ${clears.map(nameOf)}` : ""}`;
      }),
      ...attach.map((one) => `attach ${nameOf(one)}`),
      ...detach.map((one) => `detach ${nameOf(one)}`),
      ...repair.map(({ kind, resourceId }) => `repair ${kind} ${nameOf(resourceId)}`),
      ...forget.map(({ record }) => `forget ${record.meta.name}`),
    ],
  );
}

const nameOf = (resourceId: string) => resourceId.split("/").at(-1);

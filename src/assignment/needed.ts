import { desiredAssignments } from "./desired.ts";
import { fleetOf } from "./machine.ts";
import type { Snapshot } from "./types.ts";

/**
 * The resource IDs that pods shall have on one machine, worked out from its pods alone: what a plan would say of it, for
 * the moment before something is taken off. Pods whose node is gone are asked about too, since their record may know
 * the machine.
 */
export function neededOn(machine: string, snapshot: Snapshot): ReadonlySet<string> {
  const fleet = fleetOf(snapshot.nodes, snapshot.settings);
  const pods = snapshot.pods.filter(({ nodeName }) => [machine, undefined].includes(fleet.of(nodeName)));
  const { wanted } = desiredAssignments({ ...snapshot, pods }, fleet);
  const here = wanted.flatMap(({ placement }) => (placement?.machine === machine ? placement.resourceId : []));
  return new Set(here);
}

import { parseResourceId } from "../api/resource-id.ts";

/** A machine as a person would call it. */
export function machineName(machine: string): string {
  const id = parseResourceId(machine);
  if (id === undefined) return machine;
  return `${isScaleSet(machine) ? "scale set" : "VM"} ${id.name} of resource group ${id.resourceGroup}`;
}

/** Whether a resource ID is a scale set's. */
export function isScaleSet(machine: string): boolean {
  return parseResourceId(machine)?.type.toLowerCase() === "virtualmachinescalesets";
}

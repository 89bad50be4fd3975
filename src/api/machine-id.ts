import { type ResourceId, resourceKey } from "./resource-id.ts";

/** One part of an ARM ID: nothing that means something else in a URL, and no `.` or `..`, which end in a full stop. */
const PART = String.raw`[\p{L}\p{N}_.()-]{0,252}[\p{L}\p{N}_()-]`;
const MACHINE = new RegExp(
  `^/subscriptions/(${PART})/resourcegroups/(${PART})/providers/(microsoft\\.compute)/(virtualmachines|virtualmachinescalesets)/(${PART})$`,
  "u",
);

/** A VM or a whole scale set: its parts, and its ARM ID in the one spelling under which machines are compared. */
export type MachineId = ResourceId & { readonly id: string };

/**
 * Reads the ARM ID of a machine, in any case; undefined when it is anything else. Azure takes some texts for the same
 * machine that would count as others here, with a slash at the end for example: whoever may write records could name a machine
 * in such a way that nobody sees what is in use there. So there is one spelling, and what cannot be brought to it is none.
 */
export function readMachineId(text: string): MachineId | undefined {
  const id = resourceKey(text);
  if (id !== id.normalize("NFKC")) return undefined;
  const [, subscription, resourceGroup, provider, type, name] = MACHINE.exec(id) ?? [];
  if (!subscription || !resourceGroup || !provider || !type || !name) return undefined;
  return { id, subscription, resourceGroup, provider, type, name };
}

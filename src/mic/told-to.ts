import { resourceKey } from "../api/resource-id.ts";
import { Fault } from "../base/fault.ts";

/**
 * What the owner of a record with these identities hears of a fault: where Azure names identities, only their owners
 * hear which, since others may not even know of them.
 */
export function toldTo(ids: readonly string[], fault: Fault): Fault {
  const named = String(fault.facts.identities ?? "");
  const refused = named === "" ? [] : named.split(",").map(resourceKey);
  if (refused.every((id) => ids.includes(id))) return fault;
  const own = refused.filter((id) => ids.includes(id));
  const message =
    own.length === 0
      ? "it waits for another identity on the machine, which Azure refuses"
      : `Azure refuses ${own}: check that it exists, and grant MIC the role Managed Identity Operator on it`;
  return new Fault(fault.code, message);
}

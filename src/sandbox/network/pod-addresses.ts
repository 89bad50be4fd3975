import { Fault } from "../../base/fault.ts";
import type { AddressPool } from "../node/addresses.ts";
import type { NodePlan } from "./plan.ts";

const FIRST = 2; // behind the gateway
const LAST = 254;

/** The addresses of a node's pods in a network of their own; the one that was given back last comes last. */
export function podAddresses({ index, range }: NodePlan): AddressPool {
  const addressOf = (last: number) => `10.244.${index}.${last}`;
  const free = Array.from({ length: LAST - FIRST + 1 }, (_, at) => addressOf(FIRST + at));
  return {
    allocate: () => {
      const address = free.shift();
      if (address !== undefined) return address;
      throw new Fault("ADDRESS_UNAVAILABLE", `all addresses of ${range} are in use: delete pods of the node`);
    },
    release: (address) => void free.push(address),
    [Symbol.asyncDispose]: async () => {},
  };
}

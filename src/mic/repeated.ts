import type { Fault } from "../base/fault.ts";

/**
 * Somebody was quicker, which is nobody's mistake: the work is repeated with what is there now. A record that is in the
 * way of a new one is different: it would have been reckoned with if it could be read, so somebody has to correct it.
 */
export function isRepeated(fault: Fault): boolean {
  return fault.code === "KUBE_CONFLICT" && fault.facts.verb !== "create";
}

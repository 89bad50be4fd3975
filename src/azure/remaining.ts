import type { Remaining } from "./compute.ts";

/**
 * Reads Azure's headers about what is left of its limits: a number for the subscription's reads or writes, and a list
 * such as `Microsoft.Compute/UpdateVM3Min;107,Microsoft.Compute/UpdateVM30Min;587` for Compute's own policies.
 */
export function remainingIn(status: number, header: (name: string) => string | undefined): Remaining {
  const reads = whole(header("x-ms-ratelimit-remaining-subscription-reads"));
  const writes = whole(header("x-ms-ratelimit-remaining-subscription-writes"));
  const policies = (header("x-ms-ratelimit-remaining-resource") ?? "").split(",").flatMap((entry) => {
    const [policy = "", count] = entry.split(";");
    const left = whole(count);
    return left === undefined ? [] : [[policy.trim(), left] as const];
  });
  return {
    status,
    ...(reads === undefined ? {} : { subscriptionReads: reads }),
    ...(writes === undefined ? {} : { subscriptionWrites: writes }),
    resource: new Map(policies),
  };
}

function whole(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d+\s*$/.test(text) ? Number(text) : undefined;
}

import type { BucketSize } from "../base/token-bucket.ts";

type Limit = {
  /** What Azure documents. */
  readonly azure: BucketSize;
  /** The part that MIC uses; the rest is for the cluster's own operations on its machines. */
  readonly ours: BucketSize;
  /** When Azure says that no more than this is left, MIC waits. */
  readonly reserve: number;
};

/**
 * The limits on calls to Azure, all token buckets. Compute's are a machine's or a region's of a subscription; of
 * regions MIC counts one a subscription. Resource Manager's are a principal's in a subscription. Questions about
 * operations have a bucket of their own, 15 a minute of each machine, which one every five seconds never empties.
 *
 * Sources: https://learn.microsoft.com/azure/virtual-machines/compute-throttling-limits and
 * https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
 */
export const armLimits = {
  machine_update: limit({ capacity: 12, perMinute: 4 }, { capacity: 4, perMinute: 4, anyMinute: 4 }, 2),
  machine_get: limit({ capacity: 36, perMinute: 12 }, { capacity: 18, perMinute: 6 }, 6),
  vm_update: limit({ capacity: 1_500, perMinute: 500 }, { capacity: 750, perMinute: 250 }, 20),
  vmss_update: limit({ capacity: 1_500, perMinute: 500 }, { capacity: 750, perMinute: 250 }, 20),
  vm_get: limit({ capacity: 24_000, perMinute: 8_000 }, { capacity: 12_000, perMinute: 4_000 }, 100),
  vmss_get: limit({ capacity: 2_400, perMinute: 800 }, { capacity: 1_200, perMinute: 400 }, 50),
  arm_update: limit({ capacity: 200, perMinute: 600 }, { capacity: 100, perMinute: 300 }, 20),
  arm_get: limit({ capacity: 250, perMinute: 1_500 }, { capacity: 125, perMinute: 750 }, 25),
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof armLimits;

function limit(azure: BucketSize, ours: BucketSize, reserve: number): Limit {
  return { azure, ours, reserve };
}

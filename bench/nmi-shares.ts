import { times } from "./bench-cluster.ts";
import { identityObjects, type NmiPod, podObjects, recordObjects } from "./nmi-objects.ts";
import type { StoredObject } from "./scale-objects.ts";

/** How large a node's run is. */
export type NmiSize = {
  /** On the node from the start. */
  readonly pods: number;
  /** Of these, asked one after the other for a first token. */
  readonly firstTokens: number;
  /** That come later and ask all at once, for so many identities. */
  readonly stormPods: number;
  readonly stormIdentities: number;
  /** That ask before their identity is assigned. */
  readonly waiting: number;
  readonly warmUpSeconds: number;
  readonly loadSeconds: number;
  /** Of the long load of the last round. */
  readonly longRequests: number;
};
/** The node's pods by what they are for. Pod 0 is the one that loads. */
export type Shares = {
  readonly first: readonly NmiPod[];
  readonly storm: readonly NmiPod[];
  /** Created last of all: whoever serves it has seen the others too. */
  readonly last: NmiPod;
  readonly waiting: readonly NmiPod[];
  readonly addresses: number;
  readonly atStart: readonly NmiPod[];
};

const SHARED_IDENTITIES = 10;

export function sharesOf({ pods, firstTokens, stormPods, stormIdentities, waiting }: NmiSize): Shares {
  const group = (from: number, count: number, identityOf: (n: number) => string) =>
    times(count, (n): NmiPod => ({ n: from + n, identity: identityOf(n) }));
  const first = group(1, firstTokens, (n) => `first-${n}`);
  const others = group(1 + firstTokens, pods - 1 - firstTokens, (n) => `shared-${n % SHARED_IDENTITIES}`);
  const storm = group(pods, stormPods, (n) => `storm-${n % stormIdentities}`);
  const late = group(pods + stormPods + 1, waiting, (n) => `late-${n}`);
  return {
    first,
    storm,
    last: { n: pods + stormPods, identity: "last" },
    waiting: late.map((pod) => ({ ...pod, state: "Created" })),
    addresses: pods + stormPods + waiting + 1,
    atStart: [{ n: 0, identity: "load" }, ...first, ...others],
  };
}

/** All objects of pods and their identities, the pods' records last. */
export function objectsOf(pods: readonly NmiPod[]): readonly StoredObject[] {
  const identities = new Set(pods.map(({ identity }) => identity));
  return [...[...identities].flatMap(identityObjects), ...pods.flatMap(podObjects), ...pods.flatMap(recordObjects)];
}

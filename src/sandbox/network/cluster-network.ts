import type { AddressPool } from "../node/addresses.ts";
import type { Endpoint } from "../node/forwarder.ts";
import type { NodeNetwork } from "../node/pod-network.ts";

export type NetworkKind = "namespaces" | "forwarders";

/** What connects a sandbox's nodes and pods with each other, with the API server and with Azure. */
export type ClusterNetwork = AsyncDisposable & {
  readonly kind: NetworkKind;
  /** The address at which pods find what is published; certificates have to name it. */
  readonly host: string;
  /** Lets pods reach what this machine serves on a port of 127.0.0.1; the result is where. */
  readonly publish: (port: number) => Promise<Endpoint>;
  /** A place for one more node. @throws Fault ADDRESS_UNAVAILABLE or PLATFORM_UNSUPPORTED */
  readonly addNode: () => Promise<NodePlace>;
};

/** What one node has of the network. */
export type NodePlace = {
  readonly address: string;
  /** Those of its pods. */
  readonly addresses: AddressPool;
  readonly network: NodeNetwork;
  /** The address of this machine on which the emulator of the node's IMDS listens. */
  readonly imdsHost: string;
  /** Connects the emulator that listens there; the result is where the node finds it. */
  readonly connectImds: (port: number) => Promise<Endpoint>;
  /** Where NMI listens on the node, and whether somebody does. */
  readonly nmi: Endpoint;
  readonly isServed: () => Promise<boolean>;
};

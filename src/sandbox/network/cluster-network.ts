import type { Socket } from "node:net";
import type { AddressPool } from "../node/addresses.ts";
import type { Endpoint } from "../node/forwarder.ts";
import type { NodeNetwork } from "../node/pod-network.ts";

export type NetworkKind = "namespaces" | "forwarders";

/** What this process serves on loopback; `take` serves a connection that came in elsewhere. */
export type Served = { readonly url: string; readonly take: (socket: Socket) => void };

/** What connects a sandbox's nodes and pods with each other, with the API server and with Azure. */
export type ClusterNetwork = AsyncDisposable & {
  readonly kind: NetworkKind;
  /** The address at which pods find what is published; certificates have to name it. */
  readonly host: string;
  /** Lets pods reach what is served; the result is where. */
  readonly publish: (served: Served) => Promise<Endpoint>;
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
  readonly connectImds: (imds: Served) => Promise<Endpoint>;
  /** Where NMI listens on the node, and whether somebody does. */
  readonly nmi: Endpoint;
  readonly isServed: () => Promise<boolean>;
};

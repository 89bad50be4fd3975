import { connect } from "node:net";
import { type AddressPool, takeAddresses } from "../node/addresses.ts";
import type { Endpoint } from "../node/forwarder.ts";
import type { ClusterNetwork, NodePlace } from "./cluster-network.ts";
import { forwarders } from "./forwarders.ts";

const HOST = "127.0.0.1";
const NMI_PORT = 2579;

/** Nodes and pods on loopback addresses of this machine, which everybody on it can reach. @throws Fault ADDRESS_UNAVAILABLE */
export async function startLoopback(): Promise<ClusterNetwork> {
  const addresses = await takeAddresses();
  return {
    kind: "forwarders",
    host: HOST,
    publish: async ({ url }) => endpointOf(url),
    addNode: async () => placeIn(addresses),
    [Symbol.asyncDispose]: () => addresses[Symbol.asyncDispose](),
  };
}

function placeIn(addresses: AddressPool): NodePlace {
  const address = addresses.allocate();
  const nmi = { host: address, port: NMI_PORT };
  return {
    address,
    addresses,
    network: forwarders(nmi),
    imdsHost: address,
    connectImds: async ({ url }) => endpointOf(url),
    nmi,
    isServed: () => doesAnswer(nmi),
  };
}

function endpointOf(url: string): Endpoint {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

function doesAnswer(at: Endpoint): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(at);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

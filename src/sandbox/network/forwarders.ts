import { type Endpoint, startForwarder } from "../node/forwarder.ts";
import { machineEntry, type NodeNetwork } from "../node/pod-network.ts";

/** The variable by which Azure SDKs and the demo find a metadata address that is not 169.254.169.254. */
const METADATA_VARIABLE = "AZURE_POD_IDENTITY_AUTHORITY_HOST";

/**
 * Pods on loopback addresses of this machine: each has a forwarder on its address that leads its requests for the metadata
 * address there, and is told of it by a variable. A pod on the node's network reaches the metadata address itself.
 */
export function forwarders(to: Endpoint): NodeNetwork {
  return {
    own: machineEntry,
    attach: async (address) => {
      const forwarder = await startForwarder({ address, to });
      const variables = { [METADATA_VARIABLE]: `http://${address}:${forwarder.port}` };
      return { ...machineEntry, variables, [Symbol.asyncDispose]: () => forwarder[Symbol.asyncDispose]() };
    },
  };
}

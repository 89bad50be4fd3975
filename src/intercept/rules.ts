export type Table = "nat" | "filter";

/** A chain of ours: what it holds, and the chain of the kernel whose first rule jumps to it. */
export type Chain = {
  readonly table: Table;
  readonly name: string;
  readonly hook: "PREROUTING" | "FORWARD" | "INPUT";
  /** In order and in the words of `iptables-save`, without `-A <chain>`. */
  readonly rules: readonly string[];
  /** The packets that it decides about. */
  readonly traffic: Traffic;
};

/** Packets for a network of addresses, as `10.0.0.0/8`; those of TCP to a port, where it names one. */
export type Traffic = { readonly destination: string; readonly port?: number };

/** Where pods believe the instance metadata service to be. */
export type Metadata = { readonly address: string; readonly port: number };

/** Every chain that NMI makes; the redirection first, since it is also removed first. */
export const chainNames = {
  nat: ["aad-metadata", "aad-metadata-handover"],
  filter: ["aad-metadata-guard", "aad-metadata-localnet"],
} as const satisfies Record<Table, readonly string[]>;

/** Sends what pods ask the metadata service to NMI: the three lines that the troubleshooting guide shows. */
export function redirectChain({ address, port }: Metadata, to: Metadata): Chain {
  return {
    table: "nat",
    name: chainNames.nat[0],
    hook: "PREROUTING",
    rules: [
      `! -s 127.0.0.1/32 -d ${address}/32 -p tcp -m tcp --dport ${port} -j DNAT --to-destination ${to.address}:${to.port}`,
      "-j RETURN",
    ],
    traffic: { destination: `${address}/32`, port },
  };
}

/**
 * Sends it to a port that NMI has meanwhile, while another program has its own: the NMI of 1.x that it follows, which shares
 * neither its port nor its chain, and takes that away when it stops.
 */
export function handoverChain({ address, port }: Metadata, to: Metadata): Chain {
  return { ...redirectChain({ address, port }, to), name: chainNames.nat[1] };
}

/** Refuses what is on its way to the metadata service all the same, when the redirection is lost or not there yet. */
export function guardChain({ address, port }: Metadata): Chain {
  return {
    table: "filter",
    name: chainNames.filter[0],
    hook: "FORWARD",
    rules: [`-d ${address}/32 -p tcp -m tcp --dport ${port} -j REJECT --reject-with tcp-reset`],
    traffic: { destination: `${address}/32`, port },
  };
}

/**
 * Keeps the node's loopback its own although `route_localnet` lets packets for it in (CVE-2020-8558): from outside only
 * those that a redirection sent there, and answers. By interface, since addresses of 127.0.0.0/8 can be forged.
 */
export function localnetChain(): Chain {
  return {
    table: "filter",
    name: chainNames.filter[1],
    hook: "INPUT",
    rules: ["-d 127.0.0.0/8 ! -i lo -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP"],
    traffic: { destination: "127.0.0.0/8" },
  };
}

/** The IPv4 address that requests are redirected to, for one that NMI listens on. */
export function redirectAddress(listenAddress: string): string {
  return listenAddress === "0.0.0.0" ? "127.0.0.1" : listenAddress;
}

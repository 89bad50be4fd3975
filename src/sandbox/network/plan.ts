import { Fault } from "../../base/fault.ts";

/**
 * The network of a sandbox in namespaces, as that of machines on Azure: a router stands for Azure's own network, with the
 * metadata address and what is published; each node hangs on it, and each pod on its node. All links lead from one to
 * one, so that every packet of a pod is forwarded by its node, where NMI's rules see it.
 */
export const ROUTER_ADDRESS = "10.240.0.1";
export const METADATA_ADDRESS = "169.254.169.254";
const FIRST_NODE = 4; // Azure keeps the first ones of a subnet
const MOST_NODES = 250;

/** Lines of `ip -batch`, on either side of a link that the upper side makes. */
export type Link = { readonly above: readonly string[]; readonly below: readonly string[] };

export type NodePlan = {
  readonly index: number;
  readonly address: string;
  /** The range of its pods, and its own address in there. */
  readonly range: string;
  readonly gateway: string;
};

/** @throws Fault ADDRESS_UNAVAILABLE */
export function nodePlan(index: number): NodePlan {
  if (index >= MOST_NODES) {
    const message = `the sandbox's network has place for ${MOST_NODES} nodes: ask for fewer, or take --network=forwarders`;
    throw new Fault("ADDRESS_UNAVAILABLE", message);
  }
  const address = `10.240.0.${index + FIRST_NODE}`;
  return { index, address, range: `10.244.${index}.0/24`, gateway: `10.244.${index}.1` };
}

/** The node whose own address, or whose pod's address, that is. */
export function nodeIndexOf(address: string): number | undefined {
  const [, node] = /^10\.240\.0\.(\d+)$/.exec(address) ?? [];
  if (node !== undefined && Number(node) >= FIRST_NODE) return Number(node) - FIRST_NODE;
  const [, range] = /^10\.244\.(\d+)\.\d+$/.exec(address) ?? [];
  return range === undefined ? undefined : Number(range);
}

/** The router's own addresses; a link that goes again shows whether the machine has any. */
export const routerLines: readonly string[] = [
  "link set lo up",
  `addr add ${ROUTER_ADDRESS}/32 dev lo`,
  `addr add ${METADATA_ADDRESS}/32 dev lo`,
  "link add probe0 type veth peer name probe1",
  "link del probe0",
];

/** Rules like those that NMI makes, in chains that nothing leads to. */
export const PROBE_RULES = `*nat
:sandbox-probe - [0:0]
-A sandbox-probe -d ${METADATA_ADDRESS}/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 127.0.0.1:2579
COMMIT
*filter
:sandbox-probe - [0:0]
-A sandbox-probe ! -i lo -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A sandbox-probe -p tcp -m tcp --dport 80 -j REJECT --reject-with tcp-reset
COMMIT
`;

/** From the router to a node that the process `pid` keeps. */
export function nodeLink({ index, address, range, gateway }: NodePlan, pid: number): Link {
  const above = [
    `link add node${index} type veth peer name eth0 netns ${pid}`,
    `link set node${index} up`,
    `route add ${address}/32 dev node${index}`,
    `route add ${range} via ${address} dev node${index}`,
  ];
  return { above, below: ["link set lo up", ...endLines(address, ROUTER_ADDRESS), `addr add ${gateway}/32 dev lo`] };
}

/** From a node to a pod that the process `pid` keeps. */
export function podLink({ gateway }: NodePlan, address: string, pid: number): Link {
  const name = `pod${address.split(".").at(-1)}-${pid}`; // 15 characters at most, which is what Linux takes
  const above = [
    `link add ${name} type veth peer name eth0 netns ${pid}`,
    `link set ${name} up`,
    `route replace ${address}/32 dev ${name}`, // the link of an earlier pod may linger for a moment
  ];
  return { above, below: ["link set lo up", ...endLines(address, gateway)] };
}

function endLines(address: string, gateway: string): readonly string[] {
  return [
    `addr add ${address}/32 dev eth0`,
    "link set eth0 up",
    `route add ${gateway}/32 dev eth0`,
    `route add default via ${gateway}`,
  ];
}

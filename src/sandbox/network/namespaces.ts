import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { PATH } from "../node/environment.ts";
import type { Endpoint } from "../node/forwarder.ts";
import type { Guard } from "../node/guard.ts";
import type { NodeNetwork } from "../node/pod-network.ts";
import type { ClusterNetwork, NodePlace, Served } from "./cluster-network.ts";
import { type Listening, listenIn, openDoor } from "./door.ts";
import { type Namespace, type NamespaceOptions, startBeside, startFirst } from "./namespace.ts";
import {
  type Link,
  METADATA_ADDRESS,
  type NodePlan,
  nodeIndexOf,
  nodeLink,
  nodePlan,
  PROBE_RULES,
  podLink,
  ROUTER_ADDRESS,
  routerLines,
} from "./plan.ts";
import { podAddresses } from "./pod-addresses.ts";
import { hasListener } from "./sockets.ts";
import type { Tools } from "./tools.ts";

export type NamespacesOptions = { readonly tools: Tools; readonly guard: Guard; readonly folder: string };

const METADATA: Endpoint = { host: METADATA_ADDRESS, port: 80 };
/** For the API server, Resource Manager and Entra ID: the same in each sandbox, since each has a network of its own. */
const USUALLY_PUBLISHED = [6443, 8443, 9443].map((port) => ({ host: ROUTER_ADDRESS, port }));
const NMI: Endpoint = { host: "127.0.0.1", port: 2579 };

/**
 * A network in namespaces of a user namespace of its own, so that it needs no root and touches nothing of this machine's.
 * @throws Fault PLATFORM_UNSUPPORTED where the kernel lets us not; nothing is left behind then
 */
export async function startNamespaces({ tools, guard, folder }: NamespacesOptions): Promise<ClusterNetwork> {
  // iptables of the older kind takes a lock in a folder that is root's.
  const env = { PATH, XTABLES_LOCKFILE: join(folder, "xtables.lock") };
  await using stack = new AsyncDisposableStack();
  const router = stack.use(await startFirst({ tools, guard, env }));
  const fabric = new Fabric(router, { tools, guard, env });
  await fabric.configure(router, routerLines);
  await router.run({ file: tools["iptables-restore"], args: ["--noflush"] }, PROBE_RULES);
  // A Node takes its time to start, so that it listens for all that a sandbox usually publishes.
  const [metadata, ...spare] = await listenIn(router, [METADATA, ...USUALLY_PUBLISHED]);
  stack.use(fabric.openMetadata(metadata));
  stack.defer(() => spare.forEach(({ socket }) => void socket.close()));
  const rest = stack.move();
  return {
    kind: "namespaces",
    host: ROUTER_ADDRESS,
    publish: async (served) => {
      const listening = spare.shift() ?? (await listenIn(router, [{ host: ROUTER_ADDRESS, port: 0 }]))[0];
      rest.use(openDoor(listening, () => served));
      return listening.at;
    },
    addNode: async () => {
      const { node, plan } = await fabric.addNode();
      rest.use(node);
      return fabric.placeOf(node, plan);
    },
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
}

/** The links between the router, the nodes and their pods, and whose IMDS is whose. */
class Fabric {
  readonly #router: Namespace;
  readonly #options: NamespaceOptions;
  /** By the number of the node. */
  readonly #imds = new Map<number, Served>();
  #nodes = 0;

  constructor(router: Namespace, options: NamespaceOptions) {
    this.#router = router;
    this.#options = options;
  }

  /** One address for all, as on Azure: which machine's IMDS answers is told by who asks. */
  openMetadata(listening: Listening): AsyncDisposable {
    return openDoor(listening, (caller) => this.#imds.get(nodeIndexOf(caller) ?? -1));
  }

  async addNode(): Promise<{ node: Namespace; plan: NodePlan }> {
    const plan = nodePlan(this.#nodes);
    this.#nodes += 1;
    const node = await startBeside(this.#router, this.#options);
    await this.#link(this.#router, node, nodeLink(plan, node.pid));
    return { node, plan };
  }

  placeOf(node: Namespace, plan: NodePlan): NodePlace {
    return {
      address: plan.address,
      addresses: podAddresses(plan),
      network: this.#networkOf(node, plan),
      imdsHost: "127.0.0.1",
      connectImds: async (imds) => {
        this.#imds.set(plan.index, imds);
        return METADATA;
      },
      nmi: NMI,
      isServed: async () => hasListener(await readFile(`/proc/${node.pid}/net/tcp`, "utf8").catch(() => ""), NMI),
    };
  }

  async configure(namespace: Namespace, lines: readonly string[]): Promise<void> {
    await namespace.run({ file: this.#options.tools.ip, args: ["-batch", "-"] }, `${lines.join("\n")}\n`);
  }

  #networkOf(node: Namespace, plan: NodePlan): NodeNetwork {
    const { XTABLES_LOCKFILE = "" } = this.#options.env;
    return {
      own: { variables: { XTABLES_LOCKFILE }, enter: node.enter },
      lost: Promise.race([lossOf("node", node), lossOf("router", this.#router)]),
      attach: async (address) => {
        const pod = await startBeside(this.#router, this.#options);
        try {
          await this.#link(node, pod, podLink(plan, address, pod.pid));
        } catch (reason) {
          await pod[Symbol.asyncDispose]();
          throw reason;
        }
        return { ...pod, variables: {} };
      },
    };
  }

  async #link(upper: Namespace, lower: Namespace, { above, below }: Link): Promise<void> {
    await this.configure(upper, above);
    await this.configure(lower, below);
  }
}

async function lossOf(what: "node" | "router", { pid, lost }: Namespace): Promise<string> {
  await lost;
  return `the process ${pid}, which kept the network of the ${what},`;
}

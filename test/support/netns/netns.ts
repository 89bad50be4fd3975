import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { isRunning } from "../processes.ts";

/** A network of its own, without a machine: a fabric with the metadata service, a node, and pods behind the node. */
export type Network = AsyncDisposable & {
  readonly fabric: string;
  readonly node: string;
  /** Each pod's namespace and address. */
  readonly pods: readonly { readonly namespace: string; readonly address: string }[];
  /** Takes the pod's network away and gives its address and its place on the node to a new namespace, whose name it gives. */
  replacePod(at: number): string;
};

export const METADATA_ADDRESS = "169.254.169.254";
export const NODE_ADDRESS = "10.200.0.2";
const FABRIC_ADDRESS = "10.200.0.1";
const PREFIX = "aad-test-";
const NEEDED = ["ip", "iptables-nft", "iptables-legacy", "conntrack", "nft", "setpriv", "flock"];
let made = 0;

/** Why no network can be made here; undefined when it can. */
export function networkMissing(): string | undefined {
  if (process.getuid?.() !== 0) return "network namespaces need root";
  const folders = (process.env.PATH ?? "").split(":");
  const lacking = NEEDED.filter((name) => !folders.some((folder) => existsSync(`${folder}/${name}`)));
  if (lacking.length > 0) return `not installed: ${lacking.join(", ")}`;
  try {
    const name = nextName("probe");
    run("ip", "netns", "add", name);
    run("ip", "netns", "del", name);
    return undefined;
  } catch {
    return "this machine lets nobody make network namespaces";
  }
}

/** Runs a program to its end in a namespace; gives what it prints. @throws where it fails */
export function inNamespace(namespace: string, command: string, input = ""): string {
  return execFileSync("ip", ["netns", "exec", namespace, "sh", "-ec", command], { encoding: "utf8", input });
}

/** Makes a network with so many pods; the node forwards, and lets nothing to its loopback in. */
export function makeNetwork(podCount: number): Network {
  removeOrphans();
  const fabric = nextName("fabric");
  const node = nextName("node");
  const pods = Array.from({ length: podCount }, (_, at) => ({
    namespace: nextName(`pod${at}`),
    address: `10.244.${at}.2`,
  }));
  const all = [fabric, node, ...pods.map(({ namespace }) => namespace)];
  const remove = async () => all.forEach(removeNamespace);
  try {
    for (const name of all) run("ip", "netns", "add", name);
    joinFabric(fabric, node);
    pods.forEach(({ namespace, address }, at) => {
      joinPod(node, namespace, address, at);
    });
    const replacePod = (at: number) => {
      const { namespace = "", address = "" } = pods[at] ?? {};
      ip(node, `link del pod${at}`); // a namespace that is gone may keep its end for a moment
      removeNamespace(namespace);
      const next = nextName(`pod${at}`);
      all.push(next);
      run("ip", "netns", "add", next);
      joinPod(node, next, address, at);
      return next;
    };
    return { fabric, node, pods, replacePod, [Symbol.asyncDispose]: remove };
  } catch (reason) {
    all.forEach(removeNamespace);
    throw reason;
  }
}

function joinFabric(fabric: string, node: string): void {
  ip(node, `link add up0 type veth peer name down0 netns ${fabric}`);
  for (const line of ["link set lo up", `addr add ${FABRIC_ADDRESS}/24 dev down0`, "link set down0 up"])
    ip(fabric, line);
  ip(fabric, `addr add ${METADATA_ADDRESS}/32 dev lo`);
  ip(fabric, `route add 10.244.0.0/16 via ${NODE_ADDRESS}`);
  for (const line of ["link set lo up", `addr add ${NODE_ADDRESS}/24 dev up0`, "link set up0 up"]) ip(node, line);
  ip(node, `route add default via ${FABRIC_ADDRESS}`);
  const settings = [
    "net.ipv4.ip_forward=1",
    "net.ipv4.conf.all.route_localnet=0",
    "net.ipv4.conf.default.route_localnet=0",
  ];
  inNamespace(node, `sysctl -qw ${settings.join(" ")}`);
}

/** Loopback of a pod stays down: so it can send packets for 127.0.0.1 to the node, as an attacker would. */
function joinPod(node: string, pod: string, address: string, at: number): void {
  ip(node, `link add pod${at} type veth peer name eth0 netns ${pod}`);
  ip(node, `addr add 10.244.${at}.1/30 dev pod${at}`);
  ip(node, `link set pod${at} up`);
  ip(pod, `addr add ${address}/30 dev eth0`);
  ip(pod, "link set eth0 up");
  ip(pod, `route add default via 10.244.${at}.1`);
}

function ip(namespace: string, line: string): void {
  run("ip", "-n", namespace, ...line.split(" "));
}

function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** A name that tells who made it, so that what a killed test leaves behind can be told from what is in use. */
function nextName(part: string): string {
  made += 1;
  return `${PREFIX}${process.pid}-${made}-${part}`;
}

function removeNamespace(name: string): void {
  if (!existsSync(`/run/netns/${name}`)) return;
  for (const pid of run("ip", "netns", "pids", name).split("\n").filter(Boolean)) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // it ended by itself meanwhile
    }
  }
  run("ip", "netns", "del", name);
}

function removeOrphans(): void {
  for (const name of run("ip", "netns", "list").split(/\s+/)) {
    const [, pid] = new RegExp(`^${PREFIX}(\\d+)-`).exec(name) ?? [];
    if (pid !== undefined && !isRunning(Number(pid))) removeNamespace(name);
  }
}

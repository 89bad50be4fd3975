import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { raceAbort } from "../src/base/single-flight.ts";
import { type ControlPlaneAddress, startControlPlane } from "../test/support/kube/control-plane.ts";
import { type Actor, startActor } from "../test/support/netns/actor.ts";
import { inNamespace, METADATA_ADDRESS, makeNetwork } from "../test/support/netns/netns.ts";
import { times } from "./bench-cluster.ts";
import type { ImdsTally } from "./imds-stand-in.ts";
import { podAddress } from "./nmi-objects.ts";
import type { Outcome, Question, Request } from "./nmi-questions.ts";
import type { StoredObject } from "./scale-objects.ts";

/** A client somewhere in the network. */
type Client = { ask<Answer = Outcome>(question: Question): Promise<Answer> };
/** A node of its own for one run: nothing that another program left there. */
export type NmiPlace = AsyncDisposable & {
  readonly node: string;
  /** The namespace behind the node that has all pods' addresses. */
  readonly podNamespace: string;
  /** A client with all pods' addresses, and one on the node itself, which is not redirected. */
  readonly pods: Client;
  readonly host: Client;
  /** Of the API server, on the node's loopback. */
  readonly apiPort: string;
  /** What programs see as /run: an administrator's token where kubelet puts a pod's, and no lock of other networks. */
  readonly run: string;
  /** For files that a program needs. */
  readonly folder: string;
  /** What the metadata service was asked since the last call. */
  imds(): Promise<ImdsTally>;
  /** Creates objects at the API server, or changes them; says when it began. */
  put(objects: readonly StoredObject[]): Promise<number>;
};

/** Longer than any program makes a pod wait. */
const ANSWER_LIMIT_MS = 150_000;
/** kubelet makes it on every node, in the variant of iptables that is in use. */
const KUBELETS_CHAIN = "KUBE-IPTABLES-HINT";
const script = (name: string) => new URL(`./nmi-${name}.ts`, import.meta.url);

/** A fabric with the metadata service, a node with an API server, and so many pods' addresses behind one cable. */
export async function nmiPlace(podCount: number, signal: AbortSignal): Promise<NmiPlace> {
  await using stack = new AsyncDisposableStack();
  const network = stack.use(makeNetwork(1));
  const { fabric, node } = network;
  const podNamespace = network.pods[0]?.namespace ?? "";
  giveAddresses(node, podNamespace, podCount);
  inNamespace(node, `iptables -t mangle -N ${KUBELETS_CHAIN}`);
  const folder = mkdtempSync(join(tmpdir(), "nmi-bench-"));
  stack.defer(() => rmSync(folder, { recursive: true }));
  const plane = stack.use(await startControlPlane({ namespace: node }));
  signal.throwIfAborted();
  const actors = await Promise.all([
    startActor(fabric, script("imds"), [METADATA_ADDRESS]),
    startActor(node, script("api")),
    startActor(node, script("client")),
    startActor(podNamespace, script("client")),
  ]);
  const [imds, api, host, pods] = actors.map((actor) => stack.use(actor)) as [Actor, Actor, Actor, Actor];
  await raceAbort(api.ask({ use: plane }), signal);
  const apiPort = new URL(plane.server).port;
  const run = writeRun(folder, plane);
  const all = stack.move();
  return {
    ...{ node, podNamespace, apiPort, run, folder },
    pods: clientOf(pods, signal),
    host: clientOf(host, signal),
    imds: () => imds.ask({ look: true }),
    put: async (objects) => (await raceAbort(api.ask<{ atMs: number }>({ put: objects }), signal)).atMs,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

function clientOf(actor: Actor, signal: AbortSignal): Client {
  const soon = () => AbortSignal.any([signal, AbortSignal.timeout(ANSWER_LIMIT_MS)]);
  return { ask: (question) => raceAbort(actor.ask(question), soon()) };
}

/** What asks for a token of the pod with that number. */
export function tokenOf(n: number): Required<Request> {
  const url = `http://${METADATA_ADDRESS}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net`;
  return { url, from: podAddress(n) };
}

function writeRun(folder: string, { ca, token }: ControlPlaneAddress): string {
  const run = join(folder, "run");
  const account = join(run, "secrets/kubernetes.io/serviceaccount");
  mkdirSync(account, { recursive: true });
  for (const [name, text] of Object.entries({ "ca.crt": ca, token, namespace: "default" })) {
    writeFileSync(join(account, name), text);
  }
  return run;
}

/** The node's tables are as long as where a network plugin gives each pod a route; all pods have one interface. */
function giveAddresses(node: string, podNamespace: string, count: number): void {
  const addresses = times(count, podAddress);
  const added = addresses.slice(1).map((address) => `addr add ${address}/32 dev eth0\n`);
  inNamespace(podNamespace, "ip -batch -", added.join(""));
  const hardware = inNamespace(podNamespace, "cat /sys/class/net/eth0/address").trim();
  const lines = addresses.map(
    (address) => `route replace ${address}/32 dev pod0\nneigh replace ${address} lladdr ${hardware} dev pod0\n`,
  );
  inNamespace(node, "ip -batch -", lines.join(""));
}

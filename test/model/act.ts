import { objectOr as part } from "../../src/sandbox/kube-api/json.ts";
import type { Putting, Step } from "./history.ts";
import type { MicPod } from "./mic-pod.ts";
import {
  FOREIGN_MACHINE,
  HOME,
  MACHINES,
  type NodeName,
  resourceIdOf,
  WINDOWS_NODE,
  writtenResourceId,
} from "./names.ts";
import type { World } from "./world.ts";

type Acts = {
  readonly [What in Step["what"]]: (
    how: Extract<Step, { what: What }>["how"],
    world: World,
    mics: readonly MicPod[],
  ) => void;
};

const acts: Acts = {
  "pod appears": ({ namespace, name, node, label }, world) => addPod(world, { namespace, name, node, label }),
  "pod vanishes": ({ one }, world) => {
    const pod = world.some("pods", one);
    if (pod !== undefined) world.remove("pods", pod);
  },
  "pod moves": ({ one, node }, world) => {
    const pod = world.some("pods", one);
    if (pod === undefined) return;
    world.remove("pods", pod);
    const { namespace = "", name, labels } = pod.metadata;
    addPod(world, { namespace, name, node, label: (labels as { aadpodidbinding: string }).aadpodidbinding });
  },
  "pod is relabelled": ({ one, label }, world) => {
    const pod = world.some("pods", one);
    if (pod !== undefined) world.patch("pods", pod, { metadata: { labels: { aadpodidbinding: label } } });
  },
  "pod finishes": ({ one }, world) => {
    const pod = world.some("pods", one);
    if (pod !== undefined) world.patch("pods", pod, { status: { phase: "Succeeded" } }, "/status");
  },
  "identity is written": ({ namespace, name, resource, isShouted, type, isNamespaced }, world) => {
    const annotations = isNamespaced ? { "aadpodidentity.k8s.io/Behavior": "namespaced" } : {};
    const resourceID = writtenResourceId(resource, isShouted);
    const clientID = world.azure.clientIds.get(resourceIdOf(resource)) ?? "";
    const spec = {
      type,
      clientID,
      ...(type === 0 ? { resourceID } : { tenantID: "tenant", clientPassword: { name: "secret", namespace } }),
    };
    world.write(
      "azureidentities",
      { namespace, name },
      { ...custom("AzureIdentity"), metadata: { annotations }, spec },
    );
  },
  "identity vanishes": ({ one }, world) => {
    const identity = world.some("azureidentities", one);
    if (identity !== undefined) world.remove("azureidentities", identity);
  },
  "binding is written": ({ namespace, name, identity, label, weight }, world) => {
    const spec = { azureIdentity: identity, selector: label, weight };
    world.write("azureidentitybindings", { namespace, name }, { ...custom("AzureIdentityBinding"), spec });
  },
  "binding vanishes": ({ one }, world) => {
    const binding = world.some("azureidentitybindings", one);
    if (binding !== undefined) world.remove("azureidentitybindings", binding);
  },
  "node vanishes": ({ node }, world) => world.remove("nodes", { metadata: { name: node } }),
  "node appears": ({ node }, world) => world.addNode(node),
  "somebody forges a record": ({ one, claim, isElsewhere, isGuarded }, world) => {
    const record = world.some("azureassignedidentities", one);
    if (record !== undefined) world.forge(record, claim, { isElsewhere, isGuarded });
  },
  "somebody deletes a record": ({ one }, world) => {
    const record = world.some("azureassignedidentities", one);
    if (record !== undefined) world.remove("azureassignedidentities", record);
  },
  "somebody strips a record's finalizers": ({ one }, world) => {
    const record = world.some("azureassignedidentities", one);
    if (record !== undefined) world.patch("azureassignedidentities", record, { metadata: { finalizers: null } });
  },
  "somebody labels a record": ({ one }, world) => {
    const record = world.some("azureassignedidentities", one);
    const team = String(world.server.revision);
    if (record !== undefined) world.patch("azureassignedidentities", record, { metadata: { labels: { team } } });
  },
  "somebody takes an identity off": ({ machine, resource }, { azure }) => {
    azure.machine(machine).carried.delete(resourceIdOf(resource));
    azure.machine(machine).version += 1;
  },
  "owner puts an identity on": ({ machine, isOn }, world) => world.setOwn(machine, isOn),
  "owner switches the system identity": ({ machine, isOn }, world) => world.setSystem(machine, isOn),
  "somebody else changes a machine": ({ machine, seconds, puts, refusesMeanwhile }, world) => {
    put(world, machine, puts);
    world.azure.changeByOthers(machine, seconds * 1_000, refusesMeanwhile);
  },
  "owner is quicker than the next change": ({ machine, puts }, world) => {
    world.azure.machine(machine).beforeChange = () => put(world, machine, puts);
  },
  "machine has little room": ({ machine, room }, { azure }) => {
    azure.machine(machine).room = room;
  },
  "Azure minds what a machine carries": ({ one }, { azure }) => {
    const carrying = [...azure.machines.values()].filter(({ carried }) => carried.size > 0);
    const machine = carrying[one % Math.max(1, carrying.length)];
    for (const id of [...(machine?.carried.keys() ?? [])].slice(0, 1)) machine?.minded.add(id);
  },
  "machine is deleted in Azure": ({ machine, state }, world) => world.removeMachine(machine, state),
  "machine is there again": ({ machine }, { azure }) => {
    azure.machine(machine).state = "there";
  },
  "identity is made anew in Azure": ({ resource, isTold }, world) => {
    const clientID = `client-of-${resource}-since-${world.server.revision}`;
    world.azure.clientIds.set(resourceIdOf(resource), clientID);
    for (const identity of isTold ? world.server.list("azureidentities") : []) {
      const isIt = String(part(identity.spec).resourceID).toLowerCase() === resourceIdOf(resource);
      if (isIt) world.patch("azureidentities", identity, { spec: { clientID } });
    }
  },
  "azure.json is written anew": ({ says }, world) => {
    if (says === "another principal") world.azure.refused.clear();
    world.azure.isSignedOut = says === "a wrong secret";
    world.readAzureJsonAnew(says === "another cluster" ? { ...HOME, subscription: "another" } : HOME);
    if (says === "another cluster") world.tally.count("azure.json of another cluster");
    if (says === "a wrong secret") world.tally.count("azure.json with which MIC cannot sign in");
  },
  "Azure refuses": ({ resource, how }, { azure }) => void azure.refused.set(resourceIdOf(resource), how),
  "Azure refuses no more": ({ resource }, { azure }) => void azure.refused.delete(resourceIdOf(resource)),
  "Azure throttles": ({ machine, seconds }, { azure, timeline }) => {
    const until = timeline.now + seconds * 1_000;
    if (machine === undefined) azure.throttledUntil = until;
    else azure.machine(machine).throttledUntil = until;
  },
  "the next change fails": ({ machine, how }, { azure }) => void azure.machine(machine).failures.push(how),
  "requests to Azure get lost": ({ rate, seconds }, world) => during(world, seconds, world.azureTrouble, rate),
  "requests to the API server get lost": ({ rate, seconds }, world) => during(world, seconds, world.kubeTrouble, rate),
  "the API server restarts": ({ forgets, seconds }, { server, timeline }) => {
    server.isDown = true;
    server.restart({ forgets });
    timeline.in(seconds * 1_000, () => {
      server.isDown = false;
    });
  },
  "MIC is cut off": ({ mic, seconds }, _, mics) => mics[mic % mics.length]?.cutOff(seconds * 1_000),
  "MIC is killed": ({ mic, after, seconds }, _, mics) => mics[mic % mics.length]?.kill(after, seconds * 1_000),
  "MIC is stopped": ({ mic }, _, mics) => mics[mic % mics.length]?.stop(),
};

/** Lets the step happen. */
export function act({ what, how }: Step, world: World, mics: readonly MicPod[]): void {
  const one = acts[what] as (how: Step["how"], world: World, mics: readonly MicPod[]) => void;
  one(how, world, mics);
}

function put(world: World, machine: string, puts: Putting): void {
  if (puts === "the system identity") world.setSystem(machine, true);
  if (puts === "an identity") world.setOwn(machine, true);
}

type PodSlot = { readonly namespace: string; readonly name: string; readonly node: string; readonly label: string };

export function addPod(world: World, { namespace, name, node, label }: PodSlot): void {
  if (node === WINDOWS_NODE) world.tally.count("a pod on a Windows node");
  if (MACHINES[node as NodeName] === FOREIGN_MACHINE) world.tally.count("a pod on a machine that MIC may not change");
  world.create(
    "pods",
    { namespace, name },
    {
      kind: "Pod",
      apiVersion: "v1",
      metadata: { labels: { aadpodidbinding: label } },
      spec: { nodeName: node, containers: [{ name: "main", image: "main" }] },
    },
  );
}

/** An identity of the default namespace, and bindings for pods with these labels. */
export function bindIdentity(world: World, name: string, labels: readonly string[]): void {
  world.azure.create(name);
  const spec = { type: 0, resourceID: writtenResourceId(name, false), clientID: `client-of-${name}` };
  world.write("azureidentities", { namespace: "default", name }, { ...custom("AzureIdentity"), spec });
  for (const selector of labels) {
    const binding = { azureIdentity: name, selector, weight: 0 };
    const names = { namespace: "default", name: `${name}-${selector}` };
    world.write("azureidentitybindings", names, { ...custom("AzureIdentityBinding"), spec: binding });
  }
}

function custom(kind: string) {
  return { kind, apiVersion: "aadpodidentity.k8s.io/v1" };
}

/** Trouble for a while; a later one takes its place. */
function during({ timeline }: World, seconds: number, trouble: { rate: number }, rate: number): void {
  trouble.rate = rate;
  timeline.in(seconds * 1_000, () => {
    if (trouble.rate === rate) trouble.rate = 0;
  });
}

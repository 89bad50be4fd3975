import { type JsonObject, type KubeObject, objectOr as part } from "../../src/sandbox/kube-api/json.ts";
import { Azure } from "./azure.ts";
import type { AzureTrouble } from "./compute-port.ts";
import { Dice } from "./dice.ts";
import { KubeServer } from "./kube.ts";
import { MACHINE_IDS, NODE_NAMES, type NodeName, OWN, providerIdOf, resourceIdOf } from "./names.ts";
import { recordOf } from "./record.ts";
import { Timeline } from "./timeline.ts";
import type { KubeTrouble } from "./wire.ts";

const GROUP = "/apis/aadpodidentity.k8s.io/v1";
const paths: Readonly<Record<string, string>> = {
  pods: "/api/v1",
  nodes: "/api/v1",
  azureidentities: GROUP,
  azureidentitybindings: GROUP,
  azureassignedidentities: GROUP,
};
type Plural = "pods" | "nodes" | "azureidentities" | "azureidentitybindings" | "azureassignedidentities";
type Names = { readonly namespace?: string | undefined; readonly name: string };

/** The cluster and its Azure, with the hands of everybody but MIC. */
export class World {
  readonly dice: Dice;
  readonly timeline: Timeline;
  readonly server: KubeServer;
  readonly azure: Azure;
  readonly kubeTrouble: KubeTrouble = { rate: 0 };
  readonly azureTrouble: AzureTrouble = { rate: 0 };
  readonly owned = new Map(MACHINE_IDS.map((id) => [id as string, { hasSystem: false, hasOwn: false }]));
  readonly forgotten = new Set<string>();
  /** UIDs of records whose finalizers somebody took off. */
  readonly #stripped = new Set<string>();

  constructor(luck: number, systems: readonly boolean[]) {
    this.dice = new Dice(luck);
    this.timeline = new Timeline(this.dice);
    this.server = new KubeServer(() => this.timeline.now);
    this.azure = new Azure(this.timeline, this.dice);
    for (const [i, id] of MACHINE_IDS.entries()) this.setSystem(id, systems[i] ?? false);
    for (const name of NODE_NAMES) this.addNode(name);
  }

  addNode(name: NodeName): void {
    this.create("nodes", { name }, { kind: "Node", apiVersion: "v1", spec: { providerID: providerIdOf(name) } });
  }

  setSystem(id: string, isOn: boolean): void {
    const machine = this.azure.machine(id);
    if (machine.state !== "there") return;
    machine.hasSystem = isOn;
    this.#own(id, { hasSystem: isOn });
  }

  setOwn(id: string, isOn: boolean): void {
    const machine = this.azure.machine(id);
    if (machine.state !== "there") return;
    const own = resourceIdOf(OWN);
    if (isOn) machine.carried.set(own, this.azure.clientIds.get(own) ?? "");
    else machine.carried.delete(own);
    this.#own(id, { hasOwn: isOn });
  }

  removeMachine(id: string, state: "Deleting" | "gone"): void {
    this.azure.remove(id, state);
    this.owned.set(id, { hasSystem: false, hasOwn: false });
  }

  /** One of the objects that there are now. */
  some(plural: Plural, index: number): KubeObject | undefined {
    const all = this.server.list(plural);
    return all[index % Math.max(1, all.length)];
  }

  create(plural: Plural, names: Names, object: JsonObject): void {
    this.server.ask("POST", pathOf(plural, names.namespace), {
      ...object,
      metadata: { ...names, ...part(object.metadata) },
    });
  }

  /** Creates the object, or writes over the one of its name. */
  write(plural: Plural, names: Names, object: JsonObject): void {
    const there = this.server
      .list(plural)
      .find(({ metadata }) => metadata.name === names.name && metadata.namespace === names.namespace);
    if (there === undefined) {
      this.create(plural, names, object);
      return;
    }
    const { resourceVersion, uid } = there.metadata;
    const metadata = { ...names, ...part(object.metadata), resourceVersion, uid };
    this.server.ask("PUT", `${pathOf(plural, names.namespace)}/${names.name}`, { ...object, metadata });
  }

  patch(plural: Plural, { metadata }: KubeObject, change: JsonObject, subresource = ""): void {
    const path = `${pathOf(plural, metadata.namespace)}/${metadata.name}${subresource}`;
    this.#mayForget(() => this.server.ask("PATCH", path, change, "application/merge-patch+json"));
  }

  remove(plural: Plural, { metadata }: { readonly metadata: Names }): void {
    const path = `${pathOf(plural, metadata.namespace)}/${metadata.name}`;
    this.#mayForget(() => this.server.ask("DELETE", path, { gracePeriodSeconds: 0 }));
  }

  /** Nothing goes wrong from now on. What the cluster does by itself happens too: pods of nodes that are gone go. */
  heal(): void {
    this.kubeTrouble.rate = 0;
    this.azureTrouble.rate = 0;
    this.server.isDown = false;
    this.azure.heal();
    const nodes = new Set(this.server.list("nodes").map(({ metadata }) => metadata.name));
    const lost = this.server.list("pods").filter(({ spec }) => !nodes.has(String(part(spec).nodeName)));
    for (const pod of lost) this.remove("pods", pod);
  }

  /**
   * Whoever takes MIC's finalizer off a record and has it deleted makes MIC forget what the record spoke for. Without
   * that nobody can take a record away behind MIC's back.
   */
  #mayForget(act: () => void): void {
    const before = this.server.list("azureassignedidentities");
    act();
    const after = new Map(this.server.list("azureassignedidentities").map((one) => [one.metadata.uid, one]));
    for (const object of before) {
      const { uid, finalizers } = object.metadata;
      const now = after.get(uid);
      const isStripped = finalizers !== undefined && (now === undefined || now.metadata.finalizers === undefined);
      if (isStripped) this.#stripped.add(uid);
      if (now !== undefined || !this.#stripped.has(uid)) continue;
      const { machine, resourceId, leftovers } = recordOf(object);
      for (const one of [{ machine, resourceId }, ...leftovers]) {
        this.forgotten.add(`${one.machine} ${one.resourceId.toLowerCase()}`);
      }
    }
  }

  #own(id: string, change: Partial<{ hasSystem: boolean; hasOwn: boolean }>): void {
    this.owned.set(id, { hasSystem: false, hasOwn: false, ...this.owned.get(id), ...change });
  }
}

function pathOf(plural: Plural, namespace: string | undefined): string {
  return `${paths[plural]}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${plural}`;
}

import type { Home } from "../../src/assignment/types.ts";
import { type JsonObject, type KubeObject, objectOr as part } from "../../src/sandbox/kube-api/json.ts";
import { Azure } from "./azure.ts";
import type { AzureTrouble } from "./compute-port.ts";
import { Dice } from "./dice.ts";
import { type Claim, Forgeries } from "./forgery.ts";
import type { History } from "./history.ts";
import { KubeServer } from "./kube.ts";
import {
  HOME,
  MACHINE_IDS,
  NODE_NAMES,
  type NodeName,
  OWN,
  providerIdOf,
  resourceIdOf,
  SIDE_MACHINE,
  SIDE_NODE,
  WINDOWS_NODE,
} from "./names.ts";
import { recordOf } from "./record.ts";
import { Tally } from "./tally.ts";
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
  readonly tally = new Tally();
  readonly forgeries = new Forgeries();
  /** What azure.json says. */
  home: Home = HOME;
  /** Told when azure.json was written anew. */
  onAzureJson: () => void = () => {};
  readonly owned = new Map(MACHINE_IDS.map((id) => [id as string, { hasSystem: false, hasOwn: false }]));
  readonly forgotten = new Set<string>();
  /** UIDs of records whose finalizers somebody took off. */
  readonly #stripped = new Set<string>();

  constructor({ luck, systems, hasEtags }: Pick<History, "luck" | "systems" | "hasEtags">) {
    this.dice = new Dice(luck);
    this.timeline = new Timeline(this.dice);
    this.server = new KubeServer(() => this.timeline.now);
    this.azure = new Azure({ timeline: this.timeline, dice: this.dice, tally: this.tally, hasEtags });
    for (const [i, id] of MACHINE_IDS.entries()) this.setSystem(id, systems[i] ?? false);
    for (const name of NODE_NAMES) this.addNode(name);
  }

  addNode(name: NodeName): void {
    const labels = { "kubernetes.io/os": name === WINDOWS_NODE ? "windows" : "linux" };
    const spec = { providerID: providerIdOf(name) };
    this.create("nodes", { name }, { kind: "Node", apiVersion: "v1", metadata: { labels }, spec });
  }

  setSystem(id: string, isOn: boolean): void {
    const machine = this.azure.machine(id);
    if (machine.state !== "there") return;
    machine.hasSystem = isOn;
    machine.version += 1;
    this.#own(id, { hasSystem: isOn });
  }

  setOwn(id: string, isOn: boolean): void {
    const machine = this.azure.machine(id);
    if (machine.state !== "there") return;
    const own = resourceIdOf(OWN);
    machine.version += 1;
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

  /** Somebody who is not MIC writes a record, after the pattern of another. */
  forge(record: KubeObject, claim: Claim, where: { readonly isElsewhere: boolean; readonly isGuarded: boolean }): void {
    const name = `forged-${this.server.revision}`;
    const forged = this.forgeries.of(record, claim, { ...where, name });
    const { namespace } = forged.metadata as { namespace: string };
    this.server.ask("POST", `${pathOf("azureassignedidentities", namespace)}`, forged);
    const stored = this.server.list("azureassignedidentities").find(({ metadata }) => metadata.name === name);
    if (stored !== undefined) this.forgeries.add(stored, claim, this.tally);
  }

  /** azure.json says something else, or the same once more. */
  readAzureJsonAnew(home: Home = HOME): void {
    this.home = home;
    if (home !== HOME) this.#letGo(this.server.list("azureassignedidentities").filter(isDying));
    this.tally.count("azure.json read anew");
    this.onAzureJson();
  }

  remove(plural: Plural, { metadata }: { readonly metadata: Names }): void {
    const found = this.server.list(plural).filter((one) => isSame(one.metadata, metadata));
    if (plural === "azureassignedidentities") this.#letGo(found);
    const path = `${pathOf(plural, metadata.namespace)}/${metadata.name}`;
    this.#mayForget(() => this.server.ask("DELETE", path, { gracePeriodSeconds: 0 }));
  }

  /** Nothing goes wrong from now on. */
  heal(): void {
    this.azure.heal();
    this.healButRefusals();
  }

  /**
   * Nothing goes wrong from now on but that Azure refuses some identities. What the cluster does by itself happens too:
   * pods of nodes that are gone go. Without its node MIC may not clean a machine of another resource group.
   */
  healButRefusals(): void {
    this.kubeTrouble.rate = 0;
    this.azureTrouble.rate = 0;
    this.server.isDown = false;
    this.azure.healMachines();
    if (this.home !== HOME) this.readAzureJsonAnew();
    this.addNode(SIDE_NODE);
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
    this.forgeries.changed(after);
    for (const object of before) {
      const { uid, finalizers } = object.metadata;
      const now = after.get(uid);
      const isOpen = finalizers === undefined && this.forgeries.has(uid) && now === undefined;
      const isStripped =
        isOpen || (finalizers !== undefined && (now === undefined || now.metadata.finalizers === undefined));
      if (isStripped) this.#stripped.add(uid);
      if (now !== undefined || !this.#stripped.has(uid)) continue;
      for (const one of placesOf(object)) this.#forget(one);
    }
  }

  /** Whoever deletes a record that speaks of a machine which MIC may not change lets go what is there. */
  #letGo(records: readonly KubeObject[]): void {
    const isOpen = ({ machine }: Place) => machine === SIDE_MACHINE || this.home !== HOME;
    for (const one of records.flatMap(placesOf).filter(isOpen)) this.#forget(one);
  }

  #forget({ machine, resourceId }: Place): void {
    this.forgotten.add(`${machine} ${resourceId.toLowerCase()}`);
  }

  #own(id: string, change: Partial<{ hasSystem: boolean; hasOwn: boolean }>): void {
    this.owned.set(id, { hasSystem: false, hasOwn: false, ...this.owned.get(id), ...change });
  }
}

type Place = { readonly machine: string; readonly resourceId: string };

function placesOf(object: KubeObject): readonly Place[] {
  const { machine, resourceId, leftovers } = recordOf(object);
  return [{ machine, resourceId }, ...leftovers];
}

function isDying({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}

function isSame(a: Names, b: Names): boolean {
  return a.name === b.name && a.namespace === b.namespace;
}

function pathOf(plural: Plural, namespace: string | undefined): string {
  return `${paths[plural]}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${plural}`;
}

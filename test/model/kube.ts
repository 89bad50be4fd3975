import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { Cluster } from "../../src/sandbox/kube-api/cluster.ts";
import { answer } from "../../src/sandbox/kube-api/http/answer.ts";
import type { Answer } from "../../src/sandbox/kube-api/http/message.ts";
import { readRequest } from "../../src/sandbox/kube-api/http/request.ts";
import type { Json, KubeObject } from "../../src/sandbox/kube-api/json.ts";
import { newCluster } from "../../src/sandbox/kube-api/new-cluster.ts";
import { readWatch } from "../../src/sandbox/kube-api/reads/watch.ts";
import { bookmark, encode, eventOf } from "../../src/sandbox/kube-api/reads/watch-event.ts";
import { StatusError } from "../../src/sandbox/kube-api/status.ts";
import { ELSEWHERE, NAMESPACES } from "./names.ts";

const crdFile = join(import.meta.dirname, "../../charts/aad-pod-identity/crds/crd.yaml");
const crds = parseAllDocuments(readFileSync(crdFile, "utf8")).map((document) => document.toJS() as Json);
const START = Date.UTC(2026, 0, 1);

/** What MIC follows: the plural names of the resources. */
export const FOLLOWED = [
  "pods",
  "nodes",
  "azureidentities",
  "azureidentitybindings",
  "azureassignedidentities",
] as const;
export type Followed = (typeof FOLLOWED)[number];

/** Where the events of a watch go; each carries the revision up to which it tells everything. */
export type Sink = { readonly send: (line: string, revision: number) => void; readonly breakOff: () => void };
export type Watching = { readonly plural: string; readonly stop: () => void; readonly mark: () => void };

/** The sandbox's API server without sockets and without time: whatever is asked happens at once. */
export class KubeServer {
  readonly cluster: Cluster;
  /** What breaks off each watch that goes on. */
  readonly #watches = new Set<() => void>();
  /** Nobody gets an answer. */
  isDown = false;

  constructor(now: () => number) {
    this.cluster = newCluster(() => START + now());
    for (const name of [...NAMESPACES, ELSEWHERE]) this.ask("POST", "/api/v1/namespaces", { metadata: { name } });
    for (const crd of crds) this.ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd);
  }

  get revision(): number {
    return this.cluster.store.revision;
  }

  /** Every object of a resource, as it is stored. */
  list(plural: string): readonly KubeObject[] {
    return this.#collection(plural).list("");
  }

  /** Calls back after each change of what MIC follows. */
  onChange(changed: (plural: Followed, revision: number) => void): void {
    for (const plural of FOLLOWED) this.#collection(plural).subscribe(({ revision }) => changed(plural, revision));
  }

  ask(method: string, url: string, json?: Json, type = "application/json"): Answer {
    try {
      return answer(this.cluster, this.#request(method, url), { type, json });
    } catch (reason) {
      if (reason instanceof StatusError) return { code: reason.code, body: reason.status };
      throw reason;
    }
  }

  /** Begins a watch, or tells why not. */
  watch(url: string, sink: Sink): Watching | Answer {
    try {
      return this.#watch(url, sink);
    } catch (reason) {
      if (reason instanceof StatusError) return { code: reason.code, body: reason.status };
      throw reason;
    }
  }

  /** All watches break off; the history before may be forgotten. */
  restart({ forgets }: { readonly forgets: boolean }): void {
    if (forgets) this.cluster.store.compact();
    for (const breakOff of [...this.#watches]) breakOff();
  }

  #watch(url: string, sink: Sink): Watching | Answer {
    const { target, query } = this.#request("GET", url);
    const { from, selects } = readWatch(target, query, 0);
    const collection = this.cluster.store.of(target.resource);
    const missed = from === 0 ? [] : collection.since(from);
    if (missed === undefined) {
      const message = `too old resource version: ${from} (${this.revision})`;
      return { code: 410, body: { kind: "Status", apiVersion: "v1", status: "Failure", message, code: 410 } };
    }
    const tell = (change: (typeof missed)[number]) => {
      const event = eventOf(change, selects);
      if (event !== undefined) sink.send(encode(event), change.revision);
    };
    for (const object of from === 0 ? collection.list(target.namespace) : []) {
      if (selects(object)) sink.send(encode({ type: "ADDED", object }), this.revision);
    }
    for (const change of missed) tell(change);
    const unsubscribe = collection.subscribe(tell);
    const mark = () => sink.send(encode(bookmark(target.resource, this.revision)), this.revision);
    const breakOff = () => {
      stop();
      sink.breakOff();
    };
    const stop = () => {
      unsubscribe();
      this.#watches.delete(breakOff);
    };
    this.#watches.add(breakOff);
    return { plural: target.resource.plural, stop, mark };
  }

  #request(method: string, url: string) {
    const { pathname, searchParams } = new URL(url, "http://kube");
    const path = pathname.split("/").filter((part) => part !== "");
    return readRequest(this.cluster.registry, method, path.map(decodeURIComponent), searchParams);
  }

  #collection(plural: string) {
    const group = plural.startsWith("azure") ? "aadpodidentity.k8s.io" : "";
    return this.cluster.store.of({ group, plural });
  }
}

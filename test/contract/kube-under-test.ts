import { randomBytes } from "node:crypto";
import * as v from "valibot";
import type { Kind } from "../../src/api/kinds.ts";
import { type Meta, objectSchema, readObject } from "../../src/api/meta.ts";
import type { Clock } from "../../src/base/clock.ts";
import { createLog, type Log } from "../../src/base/log.ts";
import type { KubeAccess } from "../../src/kube/access.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { Store } from "../../src/kube/store.ts";
import { ApiProxy } from "../support/kube/api-proxy.ts";
import type { FakeClock } from "../support/time/fake-clock.ts";

/** An API server that a suite runs against. */
export type ApiUnderTest = { readonly access: KubeAccess };

export const configMap: Kind = {
  group: "",
  version: "v1",
  plural: "configmaps",
  kind: "ConfigMap",
  isNamespaced: true,
};
export const namespaces: Kind = {
  group: "",
  version: "v1",
  plural: "namespaces",
  kind: "Namespace",
  isNamespaced: false,
};

/** The longest that a store or an election waits before it tries again. */
export const LONGEST_PAUSE_MS = 30_000;
/** No pause is ever as long: those are whole milliseconds. */
const REQUEST_LIMIT_MS = 5_000.5;

export type Thing = { readonly meta: Meta; readonly size: string };

const thingSchema = objectSchema({
  data: v.optional(v.object({ size: v.optional(v.pipe(v.string(), v.digits("a size has digits only")), "") }), {}),
});

/** A ConfigMap as the stores under test keep it: one whose size is no number cannot be read. */
function readThing(raw: unknown): Thing {
  const { metadata, data } = readObject(thingSchema, configMap, raw);
  return { meta: metadata, size: data.size ?? "" };
}

export function thing(name: string, size = "1", labels: Readonly<Record<string, string>> = {}): object {
  return { metadata: { name, labels }, data: { size } };
}

/** One test's place: a namespace of its own, a client straight to the API server, and another through a proxy. */
export class Place implements AsyncDisposable {
  readonly namespace = `kube-${randomBytes(4).toString("hex")}`;
  readonly lines: string[] = [];
  readonly log: Log = createLog({ verbosity: 2, write: (line) => this.lines.push(line) });
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>[] = [];
  readonly direct: KubeClient;
  readonly proxy: ApiProxy;

  private constructor(access: KubeAccess, proxy: ApiProxy) {
    this.direct = new KubeClient(access, { userAgent: "contract", log: this.log });
    this.proxy = proxy;
  }

  static async make({ access }: ApiUnderTest): Promise<Place> {
    const place = new Place(access, await ApiProxy.start(access));
    await place.direct.create(namespaces, "", { metadata: { name: place.namespace } }, place.signal);
    return place;
  }

  /** Aborts when the test is over. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  ref(name: string) {
    return { namespace: this.namespace, name };
  }

  /** A client through the proxy. */
  client(over: { readonly clock?: Clock; readonly pageSize?: number } = {}): KubeClient {
    return new KubeClient(this.proxy.access, {
      userAgent: "contract",
      log: this.log,
      timeLimitMs: REQUEST_LIMIT_MS,
      ...over,
    });
  }

  /** A running store of this namespace's ConfigMaps, through the proxy. */
  store(over: { readonly clock?: Clock; readonly pageSize?: number; readonly labelSelector?: string } = {}) {
    const { clock, pageSize, labelSelector } = over;
    const client = this.client({ ...(clock && { clock }), ...(pageSize && { pageSize }) });
    const store = new Store<Thing>({
      client,
      kind: configMap,
      read: readThing,
      namespace: this.namespace,
      labelSelector,
      log: this.log,
      indexes: { size: ({ size }) => [size] },
      ...(clock && { clock }),
    });
    this.run(store.run(this.signal));
    return store;
  }

  /** Waits for something at the end of the test. */
  run(work: Promise<unknown>): void {
    this.#running.push(work);
  }

  async create(name: string, size?: string, labels?: Readonly<Record<string, string>>): Promise<unknown> {
    return await this.direct.create(configMap, this.namespace, thing(name, size, labels), this.signal);
  }

  async resize(name: string, size: string): Promise<unknown> {
    const patch = { type: "merge", body: { data: { size } } } as const;
    return await this.direct.patch(configMap, this.ref(name), patch, this.signal);
  }

  async remove(name: string): Promise<void> {
    await this.direct.remove(configMap, this.ref(name), {}, this.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
    await this.proxy[Symbol.asyncDispose]();
    await this.direct[Symbol.asyncDispose]();
  }
}

/** The things of a store by name, in a form that is easy to compare. The API server makes one ConfigMap of its own. */
export function sizes(store: Store<Thing>): Readonly<Record<string, string>> {
  const own = store.list().filter(({ meta }) => meta.name !== "kube-root-ca.crt");
  return Object.fromEntries(own.map(({ meta, size }) => [meta.name, size]).sort());
}

/** What a store tells, in words. */
export function record(store: Store<Thing>): string[] {
  const told: string[] = [];
  store.onChange(({ before, after }) => {
    const name = (after ?? before)?.meta.name;
    if (name !== "kube-root-ca.crt") told.push(`${name}: ${before?.size ?? "none"} to ${after?.size ?? "none"}`);
  });
  return told;
}

/** How many pages of a list were asked for. */
export function lists(place: Place): number {
  return place.proxy.requests.filter((request) => request.includes("limit=")).length;
}

/** Whether somebody waits before trying again: other sleeps are limits of requests and of silence. */
export function isPausing(clock: FakeClock): boolean {
  return clock.asleepFor.some((ms) => ms !== REQUEST_LIMIT_MS && ms <= LONGEST_PAUSE_MS);
}

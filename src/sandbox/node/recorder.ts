import { randomInt } from "node:crypto";
import type { Container, Event, ObjectReference, Pod } from "kubernetes-types/core/v1.d.ts";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { NodeApi } from "./api.ts";
import { kubeTime } from "./container-life.ts";

/** What an event says. */
export type Told = { readonly type: "Normal" | "Warning"; readonly reason: string; readonly message: string };

export type RecorderOptions = {
  readonly api: Pick<NodeApi, "makeEvent" | "countEvent">;
  readonly clock: Clock;
  readonly component: string;
  /** The node that the component is on. */
  readonly host?: string;
};

/** Of what is told faster than it can be written, the rest is lost. */
const MOST_WAITING = 1_000;
/** How many events are counted on when they happen again: those that were told last. */
const MOST_KNOWN = 4_096;
const WRITE_MS = 5_000;

/**
 * Writes events one after the other, and counts what has been told before instead of writing it again. Nobody waits for
 * it, and an event that cannot be written is lost: what happens is more than what is told of it.
 */
export class EventRecorder implements AsyncDisposable {
  readonly #options: RecorderOptions;
  readonly #stop = new AbortController();
  readonly #known = new Map<string, Event>();
  #nanoseconds = randomInt(1_000_000);
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  tell(about: ObjectReference, told: Told): void {
    if (this.#waiting >= MOST_WAITING) return;
    this.#waiting += 1;
    const at = kubeTime(this.#options.clock.now());
    const write = () => this.#write(about, told, at).catch(() => {});
    this.#last = this.#last.then(write).finally(() => {
      this.#waiting -= 1;
    });
  }

  /** What was not written by now is lost. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#last;
  }

  async #write(about: ObjectReference, told: Told, at: string): Promise<void> {
    const key = [about.uid, about.fieldPath, told.type, told.reason, told.message].join("\n");
    const before = this.#known.get(key);
    this.#known.delete(key);
    const event = before
      ? { ...before, count: (before.count ?? 1) + 1, lastTimestamp: at }
      : this.#first(about, told, at);
    await this.#send(event);
    this.#known.set(key, event);
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size > MOST_KNOWN) this.#known.delete(oldest);
  }

  async #send(event: Event): Promise<void> {
    const { api } = this.#options;
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(WRITE_MS)]);
    if (event.count === 1) return await api.makeEvent(event, signal);
    await api.countEvent(event, signal).catch(async (reason) => {
      if (!Fault.is(reason, "KUBE_NOT_FOUND")) throw reason;
      await api.makeEvent(event, signal); // it was deleted meanwhile
    });
  }

  #first(about: ObjectReference, told: Told, at: string): Event {
    const { component, host, clock } = this.#options;
    // Named after the time in nanoseconds, as client-go does; no two of a millisecond by the same name.
    this.#nanoseconds = (this.#nanoseconds + 1) % 1_000_000;
    const moment = BigInt(clock.now()) * 1_000_000n + BigInt(this.#nanoseconds);
    return {
      metadata: { name: `${about.name}.${moment.toString(16)}`, namespace: about.namespace ?? "default" },
      involvedObject: about,
      ...told,
      ...{ count: 1, firstTimestamp: at, lastTimestamp: at },
      source: { component, ...(host && { host }) },
      ...{ reportingComponent: component, reportingInstance: host ?? component },
    };
  }
}

/** A pod, or one of its containers, as events name them. */
export function podReference({ metadata, spec }: Pod, container?: Pick<Container, "name">): ObjectReference {
  const { name = "", namespace = "default", uid = "", resourceVersion = "" } = metadata ?? {};
  const isFirst = spec?.initContainers?.some((each) => each.name === container?.name);
  const fieldPath = container && `spec.${isFirst ? "initContainers" : "containers"}{${container.name}}`;
  return { apiVersion: "v1", kind: "Pod", name, namespace, uid, resourceVersion, ...(fieldPath && { fieldPath }) };
}

/** A node, which kubelets know by its name alone. */
export function nodeReference(name: string): ObjectReference {
  return { kind: "Node", name, uid: name };
}

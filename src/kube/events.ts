import { randomBytes } from "node:crypto";
import { apiVersion, type Kind, kinds } from "../api/kinds.ts";
import type { Meta } from "../api/meta.ts";
import { Backoff } from "../base/backoff.ts";
import { type Clock, realClock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import { raceAbort } from "../base/single-flight.ts";
import type { KubeClient } from "./client.ts";
import { Outage } from "./outage.ts";

/** What users shall read at an object, e.g. with `kubectl describe`. */
export type EventNote = {
  readonly about: { readonly kind: Kind; readonly meta: Pick<Meta, "namespace" | "name" | "uid" | "resourceVersion"> };
  readonly type: "Normal" | "Warning";
  /** One word in CamelCase. */
  readonly reason: string;
  readonly message: string;
};

export type RecorderOptions = {
  /** Best a client of its own, so that events never hold up other requests. */
  readonly client: KubeClient;
  /** The program, as users see it under "From". */
  readonly component: string;
  readonly log: Log;
  readonly clock?: Clock;
};

/** Equal notes that wait to be sent, as one. */
type Pending = { readonly note: EventNote; times: number; readonly firstAt: number; lastAt: number };
/** An event that the API server has. */
type Sent = { readonly name: string; readonly count: number };

const MOST_PENDING = 1_000;
/** What one namespace may hold of a full queue, so that nobody's events push out everybody else's. */
const MOST_PENDING_OF_ONE = MOST_PENDING / 4;
const MOST_SENT = 4_096;
const ATTEMPTS = 4;
const LONGEST_MESSAGE = 1_024;
const LONGEST_NAME = 253;

/**
 * Sends events in the background, one at a time: warnings first, then what users see at their pods. It never blocks or
 * fails who records: what cannot be sent in a few attempts is left out, and so is the last in line when the queue is
 * full; the log says so. Equal notes become one event with a count.
 */
export class EventRecorder implements AsyncDisposable {
  readonly #options: RecorderOptions;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #pending = new Map<string, Pending>();
  /** The least recently used first. */
  readonly #sent = new Map<string, Sent>();
  readonly #outage: Outage;
  #sending: Promise<void> = Promise.resolve();
  #isSending = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#outage = new Outage({
      log: options.log,
      failing: "events cannot be written and are left out",
      well: "events are written again",
      fields: {},
    });
  }

  record(note: EventNote): void {
    const key = keyOf(note);
    const now = this.#clock.now();
    const waiting = this.#pending.get(key);
    if (waiting !== undefined) {
      waiting.times += 1;
      waiting.lastAt = now;
    } else {
      this.#pending.set(key, { note, times: 1, firstAt: now, lastAt: now });
      if (this.#pending.size > MOST_PENDING) this.#dropLast();
    }
    if (!this.#isSending) this.#sending = this.#sendAll();
  }

  /** Resolves when all that was recorded is sent or given up, or when the signal aborts. */
  async flush(signal: AbortSignal): Promise<void> {
    await raceAbort(this.#sending, signal).catch(() => {}); // only the signal rejects
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    for (let next = this.#first(); next !== undefined; next = this.#first()) {
      const [key, pending] = next;
      this.#pending.delete(key);
      await this.#send(key, pending);
    }
    this.#isSending = false;
  }

  #first(): readonly [string, Pending] | undefined {
    let first: readonly [string, Pending] | undefined;
    for (const entry of this.#pending) {
      if (first === undefined || rankOf(entry[1].note) < rankOf(first[1].note)) first = entry;
    }
    return first;
  }

  /** The last in line goes: of the namespaces with more than their share, or of all when there is none. */
  #dropLast(): void {
    const counts = new Map<string, number>();
    for (const { note } of this.#pending.values())
      counts.set(namespaceOf(note), (counts.get(namespaceOf(note)) ?? 0) + 1);
    const greedy = (note: EventNote) => Number((counts.get(namespaceOf(note)) ?? 0) > MOST_PENDING_OF_ONE);
    let last: readonly [string, Pending] | undefined;
    for (const entry of this.#pending) {
      if (last === undefined || isLater(entry[1].note, last[1].note, greedy)) last = entry;
    }
    if (last !== undefined) this.#pending.delete(last[0]);
    this.#outage.failed(new Fault("LIMIT_REACHED", `${MOST_PENDING} events wait to be sent already`));
  }

  async #send(key: string, pending: Pending): Promise<void> {
    const backoff = new Backoff({ firstMs: 1_000, maxMs: 8_000 });
    for (let attempt = 1; !this.#stop.signal.aborted; attempt += 1) {
      try {
        this.#keep(key, await this.#write(this.#sent.get(key), pending));
        return this.#outage.well();
      } catch (reason) {
        if (this.#stop.signal.aborted) return;
        const fault = Fault.from(reason);
        if (!Fault.is(fault, "KUBE_UNREACHABLE", "KUBE_THROTTLED", "KUBE_ERROR") || attempt === ATTEMPTS) {
          return this.#outage.failed(fault);
        }
      }
      await this.#clock.sleep(backoff.next(), this.#stop.signal).catch(() => {}); // rejected: the loop ends by the signal
    }
  }

  async #write(sent: Sent | undefined, pending: Pending): Promise<Sent> {
    const { client } = this.#options;
    const namespace = namespaceOf(pending.note);
    if (sent !== undefined) {
      const count = sent.count + pending.times;
      const body = { count, lastTimestamp: time(pending.lastAt) };
      try {
        await client.patch(kinds.event, { namespace, name: sent.name }, { type: "merge", body }, this.#stop.signal);
        return { name: sent.name, count };
      } catch (reason) {
        if (!Fault.is(reason, "KUBE_NOT_FOUND")) throw reason; // events live for an hour: it begins again
      }
    }
    const name = nameOf(pending.note);
    const event = eventObject(pending, { namespace, name, component: this.#options.component });
    await client.create(kinds.event, namespace, event, this.#stop.signal);
    return { name, count: pending.times };
  }

  #keep(key: string, sent: Sent): void {
    this.#sent.delete(key);
    this.#sent.set(key, sent);
    const [oldest] = this.#sent.keys();
    if (this.#sent.size > MOST_SENT && oldest !== undefined) this.#sent.delete(oldest);
  }

  /** Gives up what waits; call `flush` before for what shall still be sent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new DOMException("the recorder is closed", "AbortError"));
    this.#pending.clear();
    await this.#sending;
  }
}

function isLater(one: EventNote, other: EventNote, greedy: (note: EventNote) => number): boolean {
  if (greedy(one) !== greedy(other)) return greedy(one) > greedy(other);
  return rankOf(one) >= rankOf(other);
}

/** The lower goes first. */
function rankOf({ type, about }: EventNote): number {
  if (type === "Warning") return 0;
  return about.kind === kinds.pod ? 1 : 2;
}

function keyOf({ about, type, reason, message }: EventNote): string {
  const { kind, meta } = about;
  return JSON.stringify([kind.group, kind.kind, meta.namespace, meta.name, meta.uid, type, reason, message]);
}

/** Events about objects of the whole cluster are kept in `default`. */
function namespaceOf({ about }: EventNote): string {
  return about.meta.namespace === "" ? "default" : about.meta.namespace;
}

function nameOf({ about }: EventNote): string {
  const suffix = `.${randomBytes(8).toString("hex")}`;
  return about.meta.name.slice(0, LONGEST_NAME - suffix.length) + suffix;
}

/** A time as the API server's Time takes it: whole seconds. */
function time(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

function eventObject(
  { note, times, firstAt, lastAt }: Pending,
  at: { readonly namespace: string; readonly name: string; readonly component: string },
): object {
  const { kind, meta } = note.about;
  return {
    apiVersion: apiVersion(kinds.event),
    kind: kinds.event.kind,
    metadata: { namespace: at.namespace, name: at.name },
    involvedObject: {
      apiVersion: apiVersion(kind),
      kind: kind.kind,
      namespace: meta.namespace,
      name: meta.name,
      uid: meta.uid,
      resourceVersion: meta.resourceVersion,
    },
    type: note.type,
    reason: note.reason,
    message: note.message.slice(0, LONGEST_MESSAGE),
    source: { component: at.component },
    reportingComponent: at.component,
    firstTimestamp: time(firstAt),
    lastTimestamp: time(lastAt),
    count: times,
  };
}

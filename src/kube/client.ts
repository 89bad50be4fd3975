import type { Kind } from "../api/kinds.ts";
import { type Clock, realClock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { KubeAccess } from "./access.ts";
import { Budget } from "./budget.ts";
import { Exchange, type ExchangeLimits } from "./exchange.ts";
import { type Action, refusal, unreadable } from "./faults.ts";
import type { HttpAnswer, HttpPort, HttpRequest } from "./http-port.ts";
import { Slots } from "./slots.ts";
import { Transport } from "./transport.ts";
import { type WatchEvent, watchEvents } from "./watch.ts";
import { type ObjectRef, objectPath, type Query, queryString, rawMeta, readPage } from "./wire.ts";

export type { ObjectRef, Query } from "./wire.ts";

export type ClientOptions = {
  /** As the API server's audit log shows it, e.g. `mic/2.0.0`. */
  readonly userAgent: string;
  readonly log: Log;
  readonly clock?: Clock;
  /** Requests a second; no limit when absent. */
  readonly qps?: number;
  /** How many may go at once after a quiet time; `qps` when absent. */
  readonly burst?: number;
  /** Objects a page of a list. */
  readonly pageSize?: number;
  /** How long an answer may take to begin, and then to end. */
  readonly timeLimitMs?: number;
};

export type Patch = { readonly type: "json" | "merge"; readonly body: object };
export type RemoveOptions = {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly graceSeconds?: number;
};
export type WatchOptions = {
  readonly resourceVersion: string;
  readonly timeoutSeconds: number;
  /** Silence after which the connection counts as dead. */
  readonly idleMs: number;
};
export type Listed<T> = { readonly objects: readonly T[]; readonly resourceVersion: string };

const PAGE_SIZE = 500;
const TIME_LIMIT_MS = 30_000;
/** More requests at once would only wait at the API server, and keep it from others: the renewals of our own lease. */
const MOST_IN_FLIGHT = 32;
/** A pause that the API server asks for is kept here when it is not longer than this; callers decide about others. */
const SHORT_PAUSE_MS = 5_000;
/** A list whose pages expire is begun again this often. */
const LIST_ATTEMPTS = 3;

const patchTypes = { json: "application/json-patch+json", merge: "application/merge-patch+json" } as const;

/**
 * Objects of the API server as plain JSON. One instance is one budget of requests; watches take no room for others.
 * Every method throws a Fault KUBE_*, one of the credentials', or the signal's reason.
 */
export class KubeClient implements AsyncDisposable {
  readonly #port: HttpPort;
  readonly #limits: ExchangeLimits;
  readonly #budget: Budget;
  readonly #slots = new Slots(MOST_IN_FLIGHT);
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #pageSize: number;
  readonly #closing = new AbortController();

  /** Over the network, or over another transport; that one says itself who asks. */
  constructor(access: KubeAccess | { readonly transport: HttpPort }, options: ClientOptions) {
    const { clock = realClock, timeLimitMs = TIME_LIMIT_MS, qps = Number.POSITIVE_INFINITY, burst = qps } = options;
    this.#port = "transport" in access ? access.transport : new Transport(access, options.userAgent);
    this.#limits = { clock, timeLimitMs };
    this.#budget = new Budget({ qps, burst, clock });
    this.#log = options.log;
    this.#clock = clock;
    this.#pageSize = options.pageSize ?? PAGE_SIZE;
  }

  /** Aborted once the client is closed: its connections break off then, which is no trouble with the API server. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  async get(kind: Kind, ref: ObjectRef, signal: AbortSignal): Promise<unknown> {
    return await this.#send({ verb: "get", kind, ...ref }, { method: "GET" }, signal);
  }

  /** All objects that match, over as many pages as there are. */
  async list(kind: Kind, query: Query, signal: AbortSignal): Promise<readonly unknown[]> {
    return (await this.listAs(kind, query, (raw) => [raw], signal)).objects;
  }

  async create(kind: Kind, namespace: string, object: object, signal: AbortSignal): Promise<unknown> {
    const request = { method: "POST", ...json(object) } as const;
    return await this.#send({ verb: "create", kind, namespace, name: rawMeta(object).name }, request, signal);
  }

  /** Writes the whole object; with a resourceVersion in it, only over that version. */
  async replace(kind: Kind, ref: ObjectRef, object: object, signal: AbortSignal): Promise<unknown> {
    return await this.#send({ verb: "update", kind, ...ref }, { method: "PUT", ...json(object) }, signal);
  }

  async patch(kind: Kind, ref: ObjectRef, patch: Patch, signal: AbortSignal): Promise<unknown> {
    const request = { method: "PATCH", ...json(patch.body, patchTypes[patch.type]) } as const;
    return await this.#send({ verb: "patch", kind, ...ref }, request, signal);
  }

  /** Deletes an object; with a `uid` or a version, only the one that has it. */
  async remove(kind: Kind, ref: ObjectRef, options: RemoveOptions, signal: AbortSignal): Promise<unknown> {
    const { graceSeconds, ...preconditions } = options;
    const body = json({
      apiVersion: "v1",
      kind: "DeleteOptions",
      preconditions,
      gracePeriodSeconds: graceSeconds,
    });
    return await this.#send({ verb: "delete", kind, ...ref }, { method: "DELETE", ...body }, signal);
  }

  /**
   * All objects that match as they are now, not as the API server's cache may have them from before; each is read as it
   * arrives so that no page is kept, and the version is that of the whole list. `read` gives nothing for an object to leave out.
   */
  async listAs<T>(
    kind: Kind,
    query: Query,
    read: (raw: unknown) => readonly T[],
    signal: AbortSignal,
  ): Promise<Listed<T>> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#allPages(kind, query, read, signal);
      } catch (reason) {
        // The next page's token outlived the history that it points into.
        if (!Fault.is(reason, "KUBE_GONE") || attempt === LIST_ATTEMPTS) throw reason;
      }
    }
  }

  async #allPages<T>(
    kind: Kind,
    query: Query,
    read: (raw: unknown) => readonly T[],
    signal: AbortSignal,
  ): Promise<Listed<T>> {
    const objects: T[] = [];
    let next = "";
    for (;;) {
      const parameters = { limit: String(this.#pageSize), continue: next, ...selectors(query) };
      const action = { verb: "list", kind, namespace: query.namespace ?? "", name: "" } as const;
      const page = readPage(await this.#send(action, { method: "GET", parameters }, signal));
      for (const item of page.items) objects.push(...read(item));
      next = page.next;
      if (next === "") return { objects, resourceVersion: page.resourceVersion };
    }
  }

  /** Opens a watch after a version. Resolves once the API server agreed; its end by itself is the end of the events. */
  async watch(
    kind: Kind,
    query: Query,
    options: WatchOptions,
    signal: AbortSignal,
  ): Promise<AsyncGenerator<WatchEvent>> {
    const action = { verb: "watch", kind, namespace: query.namespace ?? "", name: "" } as const;
    const parameters = {
      watch: "true",
      allowWatchBookmarks: "true",
      resourceVersion: options.resourceVersion,
      timeoutSeconds: String(options.timeoutSeconds),
      ...selectors(query),
    };
    await this.#budget.take(signal);
    using opening = new DisposableStack();
    const exchange = opening.use(new Exchange(this.#port, this.#limits, signal));
    const answer = await exchange.open({ method: "GET", path: pathOf(action, parameters) });
    if (answer.status !== 200) throw refusalOf(action, await exchange.read(answer));
    opening.move(); // the events end it
    return watchEvents(answer.body, action, { clock: this.#clock, idleMs: options.idleMs, exchange });
  }

  async #send(action: Action, request: Request, signal: AbortSignal): Promise<unknown> {
    try {
      return await this.#attempt(action, request, signal);
    } catch (reason) {
      // Refused before anything was done, so it may be sent again whatever it is.
      if (!Fault.is(reason, "KUBE_THROTTLED") || !(Number(reason.retryAfterMs) <= SHORT_PAUSE_MS)) throw reason;
      await this.#clock.sleep(Number(reason.retryAfterMs), signal);
      return await this.#attempt(action, request, signal);
    }
  }

  async #attempt(action: Action, { parameters = {}, ...request }: Request, signal: AbortSignal): Promise<unknown> {
    using _ = await this.#slots.enter(signal);
    await this.#budget.take(signal);
    const path = pathOf(action, parameters);
    const begin = this.#clock.monotonic();
    using exchange = new Exchange(this.#port, this.#limits, signal);
    const answer = await exchange.read(await exchange.open({ ...request, path }));
    const ms = Math.round(this.#clock.monotonic() - begin);
    this.#log.verbose(6, "request to the API server", { method: request.method, path, status: answer.status, ms });
    if (answer.status < 200 || answer.status > 299) throw refusalOf(action, answer);
    try {
      return JSON.parse(answer.body);
    } catch (cause) {
      throw unreadable(action, cause);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Fault("CANCELLED", "nothing more is asked of the API server"));
    await this.#port[Symbol.asyncDispose]();
  }
}

type Parameters = Readonly<Record<string, string | undefined>>;
type Request = Omit<HttpRequest, "path"> & { readonly parameters?: Parameters };

function json(body: object, contentType = "application/json"): Pick<HttpRequest, "body" | "contentType"> {
  return { body: JSON.stringify(body), contentType };
}

function selectors({ labelSelector, fieldSelector }: Query): Parameters {
  return { labelSelector, fieldSelector };
}

function pathOf({ verb, kind, namespace, name }: Action, parameters: Parameters): string {
  return objectPath(kind, namespace, verb === "create" ? "" : name) + queryString(parameters);
}

function refusalOf(action: Action, { status, body, headers }: HttpAnswer): Fault {
  return refusal(action, { status, body, retryAfter: headers["retry-after"] });
}

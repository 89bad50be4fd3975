import type { Pod } from "kubernetes-types/core/v1.d.ts";
import { Backoff } from "../../base/backoff.ts";
import type { NodeApi } from "./api.ts";
import type { PodHost } from "./pod-host.ts";
import { PodWorker } from "./pod-worker.ts";

const RETRIES = { firstMs: 100, maxMs: 5_000 };
/** How long a process has when nobody can say any more how long it should have. */
const SHORT_GRACE_MS = 2_000;
const DEFAULT_GRACE_SECONDS = 30;

/**
 * Keeps one pod of the API server and what runs of it in step: reports each change, ends the pod when it is deleted
 * and only then takes it out of the API, and gives its address back last.
 */
export class PodKeeper {
  /** Settles when nothing of the pod is left here. */
  readonly done: Promise<void>;
  readonly #api: NodeApi;
  readonly #host: PodHost;
  readonly #gone = new AbortController();
  readonly #signal: AbortSignal;
  readonly #worker: PodWorker | undefined;
  #pod: Pod;
  #reported = 0;
  #news = Promise.withResolvers<void>();

  constructor(options: {
    readonly api: NodeApi;
    readonly host: PodHost;
    readonly pod: Pod;
    readonly signal: AbortSignal;
  }) {
    const { api, host, pod, signal } = options;
    this.#api = api;
    this.#host = host;
    this.#pod = pod;
    this.#signal = AbortSignal.any([signal, this.#gone.signal]);
    this.#signal.addEventListener("abort", () => this.#news.resolve(), { once: true });
    if (mayRun(pod)) this.#worker = new PodWorker(host, pod, () => this.#news.resolve());
    this.done = this.#keep();
    this.look(pod);
  }

  /** Whether nothing of it runs any more. */
  get isOver(): boolean {
    return this.#worker?.isOver ?? true;
  }

  /** The newest state of the pod. */
  look(pod: Pod): void {
    this.#pod = pod;
    if (isDeleted(pod)) void this.#worker?.stop(graceMs(pod));
    this.#news.resolve();
  }

  /** The API server does not have the pod any more. */
  vanish(): void {
    this.#gone.abort();
  }

  async #keep(): Promise<void> {
    const retries = new Backoff(RETRIES);
    let there = true;
    while (there && !this.#signal.aborted) {
      try {
        there = await this.#step();
        retries.reset();
      } catch {
        // Whatever it was, the next attempt says what holds then: the watch tells when the pod is gone.
        await this.#host.clock.sleep(retries.next(), this.#signal).catch(() => {});
      }
    }
    await this.#worker?.stop(SHORT_GRACE_MS);
    await this.#worker?.[Symbol.asyncDispose]();
  }

  /** Does the one thing that is due, or waits for news; false when the pod is out of the API. */
  async #step(): Promise<boolean> {
    const version = this.#worker?.version ?? 0;
    if (this.#worker !== undefined && version > this.#reported) {
      await this.#api.writeStatus(this.#pod, this.#worker.status(), this.#signal);
      this.#reported = version;
      return true;
    }
    if (isDeleted(this.#pod) && this.isOver) {
      await this.#api.removePod(this.#pod, this.#signal);
      return false;
    }
    await this.#news.promise;
    this.#news = Promise.withResolvers();
    return true;
  }
}

function isDeleted(pod: Pod): boolean {
  return pod.metadata?.deletionTimestamp !== undefined;
}

function mayRun(pod: Pod): boolean {
  return !isDeleted(pod) && pod.status?.phase !== "Succeeded" && pod.status?.phase !== "Failed";
}

function graceMs({ metadata, spec }: Pod): number {
  const seconds = metadata?.deletionGracePeriodSeconds ?? spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
  return seconds * 1_000;
}

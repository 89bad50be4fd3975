import { setTimeout } from "node:timers/promises";
import type { Cluster } from "../support/cluster.ts";
import { APPS } from "./workload.ts";

const EVERY_MS = 4_000;

/** Lets pods with an identity come and go, so that whoever leads has something to change, until disposed of. */
export class Passing implements AsyncDisposable {
  readonly #ended = new AbortController();
  readonly #run: Promise<void>;

  constructor(cluster: Cluster) {
    this.#run = this.#comeAndGo(cluster);
    this.#run.catch(() => {}); // told when it is disposed of
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#run;
  }

  async #comeAndGo(cluster: Cluster): Promise<void> {
    const { signal } = this.#ended;
    for (let turn = 0; !signal.aborted; turn++) {
      const replicas = turn % 2 === 0 ? 2 : 0;
      await cluster.kubectl("scale", "deployment/passing", `--replicas=${replicas}`, "--namespace", APPS);
      await setTimeout(EVERY_MS, undefined, { signal }).catch(() => {});
    }
  }
}

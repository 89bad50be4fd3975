import type { PodNetwork } from "./pod-network.ts";

/** What connects one pod: made when it is first needed, and anew after it was lost. Disposing takes the pod off. */
export class PodConnection implements AsyncDisposable {
  readonly #attach: () => Promise<PodNetwork>;
  readonly #onLost: () => void;
  #network: Promise<PodNetwork> | undefined;
  #isOver = false;

  /** `onLost`: what runs in there is cut off from now on. */
  constructor(attach: () => Promise<PodNetwork>, onLost: () => void) {
    this.#attach = attach;
    this.#onLost = onLost;
  }

  /** @throws Error where it cannot be made; the next call tries again */
  network(): Promise<PodNetwork> {
    this.#network ??= this.#make();
    return this.#network;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    const network = await this.#network?.catch(() => undefined);
    await network?.[Symbol.asyncDispose]();
  }

  async #make(): Promise<PodNetwork> {
    try {
      const network = await this.#attach();
      void network.lost?.then(() => this.#lose(network));
      return network;
    } catch (reason) {
      this.#network = undefined;
      throw reason;
    }
  }

  async #lose(network: PodNetwork): Promise<void> {
    if (this.#isOver) return;
    this.#network = undefined;
    this.#onLost();
    await network[Symbol.asyncDispose]();
  }
}

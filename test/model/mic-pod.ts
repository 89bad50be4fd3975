import type { Home } from "../../src/assignment/types.ts";
import type { Log } from "../../src/base/log.ts";
import type { Azure } from "./azure.ts";
import { type AzureTrouble, ComputePort } from "./compute-port.ts";
import type { Dice } from "./dice.ts";
import type { KubeServer } from "./kube.ts";
import { Life } from "./life.ts";
import { runMic } from "./mic.ts";
import type { Timeline } from "./timeline.ts";
import { Conduct, type Watchman } from "./watchman.ts";
import { type KubeTrouble, Wire } from "./wire.ts";

export type Surroundings = {
  readonly timeline: Timeline;
  readonly dice: Dice;
  readonly server: KubeServer;
  readonly azure: Azure;
  readonly watchman: Watchman;
  readonly kubeTrouble: KubeTrouble;
  readonly azureTrouble: AzureTrouble;
  readonly isNamespaced: boolean;
  /** What azure.json says now. */
  readonly home: () => Home;
  readonly log: Log;
};

/** A kubelet starts a program anew so soon. */
const RESTART_MS = 1_000;

/** A place in the cluster where MIC runs, and is started anew whenever it ends, with empty caches and the same name. */
export class MicPod {
  readonly #name: string;
  readonly #around: Surroundings;
  #life: Life;
  #stop = new AbortController();
  #wire: Wire;
  #conduct: Conduct;
  #onAccessChange = (): void => {};
  #runs = 0;
  readonly #stops: AbortController[] = [];

  constructor(name: string, around: Surroundings) {
    this.#name = name;
    this.#around = around;
    this.#life = new Life(around.timeline);
    this.#wire = this.#newWire();
    this.#conduct = new Conduct(name);
    this.#start();
  }

  /** Killed when so many more things were about to reach it. */
  kill(afterThings: number, downMs: number): void {
    this.#life.killAfter(afterThings, () => this.#ended(downMs));
  }

  /** Asked to stop, as in a roll-out. */
  stop(): void {
    this.#stop.abort(new DOMException("the pod is deleted", "AbortError"));
  }

  /** The network between it and the API server is away for a while, without a word. */
  cutOff(ms: number): void {
    const wire = this.#wire;
    wire.isCut = true;
    this.#around.timeline.in(ms, () => {
      wire.isCut = false;
    });
  }

  /** The history is over. What waits for a signal is kept in memory until that is given, so all of them are. */
  end(): void {
    this.#life.end();
    for (const stop of this.#stops) stop.abort(new DOMException("the history is over", "AbortError"));
  }

  /** azure.json was read anew. */
  accessChanged(): void {
    this.#onAccessChange();
  }

  #start(): void {
    const { timeline, dice, azure, azureTrouble, watchman } = this.#around;
    this.#runs += 1;
    const life = new Life(timeline);
    const conduct = new Conduct(`${this.#name}, run ${this.#runs},`);
    this.#life = life;
    this.#conduct = conduct;
    this.#stop = new AbortController();
    this.#stops.push(this.#stop);
    this.#wire = this.#newWire();
    const watch = watchman.follow(conduct);
    const compute = new ComputePort({ timeline, dice, azure, trouble: azureTrouble, life, watch });
    const onAccessChange = (listener: () => void) => {
      this.#onAccessChange = () =>
        life.reach(() => {
          conduct.restUntil.clear(); // what Azure asked of another principal
          listener();
        });
    };
    runMic(this.#name, this.#around, { life, conduct, wire: this.#wire, compute, onAccessChange }, this.#stop)
      .catch((reason: unknown) => {
        if (life.isOver || this.#stop.signal.aborted) return;
        watchman.object(`${conduct.name} fails: ${reason instanceof Error ? reason.stack : reason}`);
      })
      .finally(() => {
        if (!life.isOver) this.#ended(RESTART_MS);
      });
  }

  #ended(downMs: number): void {
    this.#life.end();
    this.#around.watchman.leadsNoMore(this.#conduct);
    this.#around.timeline.in(downMs, () => this.#start());
  }

  #newWire(): Wire {
    const { timeline, dice, server, kubeTrouble: trouble } = this.#around;
    return new Wire({ timeline, dice, server, trouble, life: this.#life });
  }
}

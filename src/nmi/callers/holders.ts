import { isFinished, isTerminating, type Pod } from "../../api/pod.ts";
import type { Clock } from "../../base/clock.ts";
import { SingleFlight } from "../../base/single-flight.ts";
import type { Live } from "../ports.ts";
import { NO_ADDRESS } from "./callers.ts";
import type { Link } from "./neighbours.ts";

/** An address that was found not to be the pod's is not asked about again for so long. */
const DENIED_MS = 1000;

export type HoldersOptions = {
  readonly pods: Live<Pod> & { list(): readonly Pod[] };
  /** Who is behind an address at this moment. */
  readonly linkOf: (address: string) => Promise<Link>;
  /** The pod as the API server has it now: undefined when it is gone. Rejects when that cannot be told. */
  readonly look: (pod: Pod) => Promise<Pod | undefined>;
  /** Told when the API server has a pod otherwise than the watch showed it. */
  readonly onBehind: () => void;
  readonly clock: Clock;
};

/** An interface by the address that it is behind, and the version that the pod had when it was first seen there. */
type Changed = Map<string, { readonly word: string; readonly version: string }>;

/**
 * Whether an address is still that pod's to which the watch gave it. The watch may be behind, or dead without a word,
 * while the address has gone to another pod. But that one has another network interface, and the node knows it by its
 * hardware address. So an interface counts as a pod's once the API server, asked anew, gave the pod the address while
 * that interface was behind it. That is asked once in a pod's life, and again only where the interface has changed; then
 * it counts only once the node has said something of the pod since, which it does not of one whose address it gave away.
 *
 * Where the node has no hardware addresses of its pods, the watch alone tells.
 */
export class Holders implements Disposable {
  readonly #options: HoldersOptions;
  /** The interfaces of pods, by pod and address. */
  readonly #links = new Map<string, Map<string, string>>();
  /** Others that were found there later, by pod. */
  readonly #changed = new Map<string, Changed>();
  readonly #asking = new SingleFlight<boolean>();
  readonly #deniedAt = new Map<string, number>();
  readonly #unsubscribe: () => void;

  constructor(options: HoldersOptions) {
    this.#options = options;
    this.#unsubscribe = options.pods.onChange(({ before, after }) => {
      if (before === undefined || before.meta.uid === after?.meta.uid) return;
      this.#links.delete(before.meta.uid);
      this.#changed.delete(before.meta.uid);
    });
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }

  /**
   * Learns whose interfaces are whose from a list that was made between two looks at the node, so that pods which were
   * there before are served although the API server goes away: what was behind an address both times was so all the time.
   * One that terminates counts as well, unless its address may be with a pod already that the list shows without one.
   */
  learn(before: (address: string) => Link, after: (address: string) => Link): void {
    const { pods } = this.#options;
    for (const pod of pods.list().filter((one) => !this.#mayHaveGone(one))) {
      for (const address of pod.addresses) {
        const link = after(address);
        const isSame = isTelling(link) && link.word === before(address).word;
        const isOnly = pods.by("address", address).length === 1;
        if (isSame && isOnly && !isFinished(pod)) this.#note(pod, address, link);
      }
    }
  }

  /**
   * Whether whoever is behind the address now is the pod. One that may have given its address away is known by nothing
   * but the interface that it had, on a device of its own: neither the watch nor the API server can tell.
   */
  async has(pod: Pod, address: string): Promise<boolean> {
    const mayHaveGone = this.#mayHaveGone(pod); // before the look, which it is then that tells
    const link = await this.#options.linkOf(address);
    const isAsBefore = link.word === (this.#links.get(pod.meta.uid)?.get(address) ?? "");
    if (mayHaveGone) return isAsBefore && isTelling(link) && link.isOwn;
    if (isAsBefore) return true;
    return await this.#ask(pod, address, link);
  }

  async #ask(pod: Pod, address: string, link: Link): Promise<boolean> {
    const { clock } = this.#options;
    const question = `${pod.meta.uid} ${address} ${link.word}`;
    if (clock.monotonic() - (this.#deniedAt.get(question) ?? Number.NEGATIVE_INFINITY) < DENIED_MS) return false;
    return await this.#asking.run(question, async () => {
      const isSure = await this.#askedAnew(pod, address, link).catch(() => false);
      if (!isSure) this.#noteDenied(question);
      return isSure;
    });
  }

  async #askedAnew(pod: Pod, address: string, link: Link): Promise<boolean> {
    const { pods, look, linkOf, onBehind } = this.#options;
    const now = await look(pod);
    if (now === undefined || !hasForSure(now, pod, address)) {
      if (now?.meta.resourceVersion !== pods.get(pod.meta)?.meta.resourceVersion) onBehind();
      return false;
    }
    if ((await linkOf(address)).word !== link.word || this.#isTooNew(now, address, link)) return false;
    if (isTelling(link)) this.#note(pod, address, link);
    return true;
  }

  /**
   * Whether another interface than before is behind the address, and the API server has not heard of the pod since: it
   * may have ended without having been able to say so, and its address be another's, as that of any pod that waits for one.
   */
  #isTooNew({ meta }: Pod, address: string, { word }: Link): boolean {
    const before = this.#links.get(meta.uid)?.get(address) ?? word;
    if (before === word) return false;
    const changed: Changed = this.#changed.get(meta.uid) ?? new Map();
    const first = changed.get(address);
    if (first?.word === word) return first.version === meta.resourceVersion || this.#isAnybodyWaiting();
    this.#changed.set(meta.uid, changed.set(address, { word, version: meta.resourceVersion }));
    return true;
  }

  /** Whether the pod terminates while another waits, which may have its address already. */
  #mayHaveGone(pod: Pod): boolean {
    return isTerminating(pod) && this.#isAnybodyWaiting();
  }

  /** Whether the watch shows a pod that may have got an address that it does not tell yet. */
  #isAnybodyWaiting(): boolean {
    return this.#options.pods.by("address", NO_ADDRESS).length > 0;
  }

  #noteDenied(question: string): void {
    const now = this.#options.clock.monotonic();
    for (const [old, at] of this.#deniedAt) if (now - at >= DENIED_MS) this.#deniedAt.delete(old);
    this.#deniedAt.set(question, now);
  }

  #note({ meta }: Pod, address: string, { word }: Link): void {
    if (this.#options.pods.get(meta)?.meta.uid !== meta.uid) return; // nobody would forget it any more
    const links = this.#links.get(meta.uid) ?? new Map<string, string>();
    this.#links.set(meta.uid, links.set(address, word));
  }
}

function isTelling({ isKnown, word }: Link): boolean {
  return isKnown && word !== "";
}

/** A pod that is terminating may have given its address back already, and a list still shows it. */
function hasForSure(now: Pod, { meta }: Pod, address: string): boolean {
  const isSame = now.meta.uid === meta.uid && now.addresses.includes(address);
  return isSame && !isTerminating(now) && !isFinished(now);
}

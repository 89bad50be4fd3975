import { objectKey } from "../../api/meta.ts";
import { isFinished, isTerminating, type Pod } from "../../api/pod.ts";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { raceAbort } from "../../base/single-flight.ts";
import type { Live } from "../ports.ts";
import type { Connection } from "../server/message.ts";
import { UNSEEN_MS, until } from "../until.ts";

/** Under this key stand the pods that wait for an address. */
export const NO_ADDRESS = "";

/** How the store of pods finds them by address. Pods on the host's network and finished ones own none. */
export const podIndexes = {
  address: (pod: Pod): readonly string[] => {
    if (pod.hostNetwork || isFinished(pod)) return [];
    return pod.addresses.length === 0 ? [NO_ADDRESS] : pod.addresses;
  },
};

export type CallersOptions = {
  /** The pods of this node, indexed by `podIndexes`. */
  readonly pods: Live<Pod>;
  /** The node's own addresses, which no pod may claim. */
  readonly ownAddresses: () => ReadonlySet<string>;
  readonly clock: Clock;
  /** Told of each caller that no pod was known for at once. */
  readonly onMiss?: () => void;
  /**
   * Whether whoever is behind an address now is the pod that has it by the watch, on which alone it rests when absent.
   * Of a pod that terminates while another waits for an address it must be true only on the node's own evidence.
   */
  readonly isHolder?: (pod: Pod, address: string) => Promise<boolean>;
};

/** Whose a connection is by the watch, and whether that is so. */
type Known = { readonly uid: string; readonly isHolder: Promise<boolean>; isSure: boolean };

type Sight = { readonly pod: Pod } | { readonly why: string; readonly leaving?: Pod };

/**
 * Who is at the other end of a connection: the one pod of this node that has the address. When that is in doubt it
 * waits a little for the watch to tell, then refuses. A connection never serves two pods.
 */
export class Callers {
  readonly #options: CallersOptions;
  readonly #known = new WeakMap<Connection, Known>();

  constructor(options: CallersOptions) {
    this.#options = options;
  }

  /** The calling pod. @throws Fault CALLER_UNKNOWN, or CALLER_CHANGED when the connection was another pod's */
  async of(connection: Connection, signal: AbortSignal): Promise<Pod> {
    const pod = await this.seen(connection, signal);
    if (this.#known.get(connection)?.isSure !== true) await this.sure(connection, signal);
    return pod;
  }

  /**
   * The calling pod by the watch, which may be behind: it must be told and given nothing before `sure`, which is found
   * out from now on. @throws Fault as `of`
   */
  async seen(connection: Connection, signal: AbortSignal): Promise<Pod> {
    const { remoteAddress } = connection;
    const pod = await this.#find(remoteAddress, signal);
    const before = this.#known.get(connection);
    if (before !== undefined && before.uid !== pod.meta.uid) {
      throw new Fault("CALLER_CHANGED", "the address of this connection now belongs to another pod: connect again");
    }
    if (before === undefined) {
      const isHolder = this.#options.isHolder?.(pod, remoteAddress) ?? Promise.resolve(true);
      this.#known.set(connection, { uid: pod.meta.uid, isHolder, isSure: false });
    }
    return pod;
  }

  /** Resolves once the pod that was seen is the one that calls. @throws Fault CALLER_UNKNOWN, also where none was seen */
  async sure(connection: Connection, signal: AbortSignal): Promise<void> {
    const known = this.#known.get(connection);
    if (known?.isSure) return;
    if (known !== undefined) {
      known.isSure = await raceAbort(known.isHolder, signal);
      if (known.isSure) return;
      if (this.#known.get(connection) === known) this.#known.delete(connection); // the next request finds out anew
    }
    const { remoteAddress: address } = connection;
    const why = `failed to match pod IP ${address}: it may have changed hands from the pod that is known to have it`;
    throw new Fault("CALLER_UNKNOWN", why, { facts: { address } });
  }

  /** Whether an address is the node's own: its processes and pods on its network come from there. */
  isOwn(address: string): boolean {
    return this.#options.ownAddresses().has(address);
  }

  /** The pod of this node with that name. @throws Fault POD_UNKNOWN when there is none that still runs */
  async named(ref: Pick<Pod["meta"], "namespace" | "name">, signal: AbortSignal): Promise<Pod> {
    const { pods, clock } = this.#options;
    const pod = await until(
      () => pods.get(ref),
      (seen) => seen !== undefined,
      { onChange: (listener) => pods.onChange(listener), timeoutMs: UNSEEN_MS, clock, signal },
    );
    if (pod !== undefined && !isFinished(pod)) return pod;
    const why = pod === undefined ? "no pod of this node has that name" : "the pod has ended";
    throw new Fault("POD_UNKNOWN", `failed to get pod ${objectKey(ref)}, error: ${why}`, {
      facts: { pod: objectKey(ref) },
    });
  }

  async #find(address: string, signal: AbortSignal): Promise<Pod> {
    const { pods, clock, onMiss } = this.#options;
    const first = this.#look(address);
    if ("pod" in first) return first.pod;
    const { leaving } = first;
    if (leaving !== undefined && (await this.#isStill(leaving, address, signal))) return leaving;
    onMiss?.();
    const seen = await until(
      () => this.#look(address),
      (sight) => "pod" in sight,
      { onChange: (listener) => pods.onChange(listener), timeoutMs: UNSEEN_MS, clock, signal },
    );
    if ("pod" in seen) return seen.pod;
    throw new Fault("CALLER_UNKNOWN", seen.why, { facts: { address } });
  }

  /** Asked for each request: a terminating pod may give its address back at any moment. */
  async #isStill(leaving: Pod, address: string, signal: AbortSignal): Promise<boolean> {
    const { isHolder } = this.#options;
    return isHolder !== undefined && (await raceAbort(isHolder(leaving, address), signal));
  }

  #look(address: string): Sight {
    const { pods } = this.#options;
    if (this.isOwn(address)) return { why: `pod list is empty: ${address} is an address of the node itself` };
    const holders = pods.by("address", address);
    const live = holders.filter((pod) => !isTerminating(pod));
    const [pod, another] = live.length > 0 ? live : holders;
    if (pod === undefined) return { why: `pod list is empty: no pod of this node has the address ${address} yet` };
    if (another !== undefined) return { why: `failed to match pod IP ${address}: several pods have it` };
    // The terminating pod may have given the address back already, to a pod whose status does not tell it yet.
    if (isTerminating(pod) && pods.by("address", NO_ADDRESS).length > 0) {
      const why = `failed to match pod IP ${address}: it may be changing hands from a pod that is terminating`;
      return { why, leaving: pod };
    }
    return { pod };
  }
}

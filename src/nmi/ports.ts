import type { Identity } from "../api/identity.ts";
import type { Pod } from "../api/pod.ts";
import type { Token } from "../api/token-answer.ts";
import type { Clock } from "../base/clock.ts";
import type { Rules } from "../identity/authorise.ts";
import type { Pass } from "../identity/exception.ts";
import type { Named } from "../identity/select.ts";
import type { NmiEvents } from "./events/events.ts";
import type { Repeats } from "./routes/repeats.ts";
import type { Connection } from "./server/message.ts";

/** Objects of a kind as they are now; a store of kube fits. */
export type Live<T> = {
  get(ref: { readonly namespace: string; readonly name: string }): T | undefined;
  by(index: string, key: string): readonly T[];
  onChange(listener: (change: { readonly before: T | undefined; readonly after: T | undefined }) => void): () => void;
};

/** Who is calling: a pod of this node, or a refusal. */
type CallersPort = {
  of(connection: Connection, signal: AbortSignal): Promise<Pod>;
  /** The same before it is certain: nothing may be told or given to it until `sure` resolves. */
  seen(connection: Connection, signal: AbortSignal): Promise<Pod>;
  sure(connection: Connection, signal: AbortSignal): Promise<void>;
  /** Whether an address is the node's own. */
  isOwn(address: string): boolean;
  /** A pod of this node by its name, or a refusal. */
  named(ref: { readonly namespace: string; readonly name: string }, signal: AbortSignal): Promise<Pod>;
};

/** An identity that a pod may ask tokens for. */
export type Chosen = { readonly identity: Identity; readonly isJustAssigned: boolean };

type IdentitiesPort = {
  /** The identity that the request gets, waited for if need be. */
  assignedTo(pod: Pod, named: Named, signal: AbortSignal): Promise<Chosen>;
  /** Throws unless the pod still has exactly this identity. */
  confirm(pod: Pod, identity: Identity): void;
};

type TokensPort = {
  get(
    request: {
      readonly podUid: string;
      readonly identity: Identity;
      readonly resource: string;
      readonly isJustAssigned: boolean;
      readonly bypassCache: boolean;
    },
    signal: AbortSignal,
  ): Promise<Token>;
};

type MetadataRequest = {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
};
export type MetadataResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
};

/** The real instance metadata service. */
type MetadataPort = {
  send(request: MetadataRequest, signal: AbortSignal): Promise<MetadataResponse>;
  /** Waits for a turn among callers with other names and NMI's own token calls, and counts as one of those. */
  sendInTurn(request: MetadataRequest, of: string, signal: AbortSignal): Promise<MetadataResponse>;
};

/** Calls that are passed on for an address, tokens apart, as many and as often as may be. */
type RelaysPort = {
  run<T>(address: string, call: () => Promise<T>, signal: AbortSignal): Promise<T>;
};

export type NmiSettings = Rules & {
  readonly metadataHeaderRequired: boolean;
  readonly blockInstanceMetadata: boolean;
  readonly setRetryAfterHeader: boolean;
  /** The users of the node that may ask in the name of pods; any when empty. */
  readonly hostTokenUids: readonly number[];
  /** NMI listens where others than this node reach it. */
  readonly isOnNetwork: boolean;
};

export type NmiPorts = {
  readonly callers: CallersPort;
  /** The user at the other end of a connection from this machine; undefined when the kernel tells none. */
  readonly peers: { uidOf(connection: Connection): Promise<number | undefined> };
  /** What lets a pod past NMI; undefined where nothing does. */
  readonly exceptions: { passOf(pod: Pod): Pass | undefined };
  readonly identities: IdentitiesPort;
  readonly tokens: TokensPort;
  /** What clients were given a moment ago. */
  readonly repeats: Repeats;
  readonly metadata: MetadataPort;
  readonly relays: RelaysPort;
  readonly events: NmiEvents;
  readonly settings: NmiSettings;
  readonly clock: Clock;
};

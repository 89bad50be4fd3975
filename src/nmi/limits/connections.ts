import type { Socket } from "node:net";
import { Fault } from "../../base/fault.ts";
import { errorAnswer } from "../routes/error-answer.ts";
import type { NmiResponse } from "../server/message.ts";
import { plainAddress } from "../server/peers.ts";

/** Connections of a pod at a time. As many again are told that they are too many; beyond, they are closed unheard. */
const MOST_CONNECTIONS = 64;
/** Who is one too many and asks for nothing has the connection no longer than that. */
const HEARING_MS = 1000;
/** Processes of the node ask for many pods. */
const HOST = "127.0.0.1";

const fault = new Fault(
  "LIMIT_REACHED",
  `the pod has ${MOST_CONNECTIONS} connections already: keep fewer open, or ask again later`,
);
/** What the first request of a connection that is too many gets. */
export const tooManyConnections: NmiResponse = { ...errorAnswer(fault, { setRetryAfterHeader: false }), isLast: true };

type Options = {
  readonly onRefused?: (address: string) => void;
  readonly hearingMs?: number;
};

/** How many connections each address has, and so each pod. */
export class ConnectionLimit {
  readonly #options: Options;
  readonly #served = new Map<string, number>();
  readonly #refused = new Map<string, number>();
  readonly #tooMany = new WeakSet<Socket>();

  constructor(options: Options) {
    this.#options = options;
  }

  readonly take = (socket: Socket): void => {
    const address = plainAddress(socket.remoteAddress);
    if (address === "" || address === HOST) return;
    if (countOne(this.#served, address, socket)) return;
    this.#options.onRefused?.(address);
    if (!countOne(this.#refused, address, socket)) return void socket.destroy();
    this.#tooMany.add(socket);
    const timer = setTimeout(() => socket.destroy(), this.#options.hearingMs ?? HEARING_MS);
    socket.once("close", () => clearTimeout(timer));
  };

  isTooMany(socket: Socket): boolean {
    return this.#tooMany.has(socket);
  }

  /** How many addresses have connections. */
  get size(): number {
    return this.#served.size;
  }
}

/** Counts a connection while it is open, unless there are as many as may be. */
function countOne(counts: Map<string, number>, address: string, socket: Socket): boolean {
  const before = counts.get(address) ?? 0;
  if (before >= MOST_CONNECTIONS) return false;
  counts.set(address, before + 1);
  socket.once("close", () => {
    const left = (counts.get(address) ?? 0) - 1;
    if (left > 0) counts.set(address, left);
    else counts.delete(address);
  });
  return true;
}

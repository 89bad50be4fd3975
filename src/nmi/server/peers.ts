import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { Fault } from "../../base/fault.ts";
import type { Connection } from "./message.ts";

/** So many requests of a connection are answered at once, and nothing more is read from it meanwhile. */
const MOST_UNDER_WAY = 16;
/** One read takes in all that it holds. Only requests with next to nothing in them come in such numbers. */
const MOST_IN_A_READ = 512;

/** A client's end of a connection, what ends its requests under way, and what begins those that wait for a turn. */
type Peer = {
  readonly connection: Connection;
  readonly underWay: Set<AbortController>;
  readonly waiting: (() => void)[];
  isPaused: boolean;
};
export type Entered = {
  readonly connection: Connection;
  readonly signal: AbortSignal;
  /** To be waited for: others come first. */
  readonly turn: Promise<void> | undefined;
};

/**
 * The clients that are connected. Who sends requests without waiting for answers is read from no faster than it is
 * answered, so that others get their turn; who sends a flood of them loses the connection.
 */
export class Peers {
  readonly #peers = new Map<Duplex, Peer>();

  /** A request and where it comes from, until its answer is out; undefined when nobody waits for an answer any more. */
  enter({ socket }: IncomingMessage, response: ServerResponse): Entered | undefined {
    if (socket.destroyed) return undefined;
    const peer = this.#peers.get(socket) ?? this.#greet(socket);
    const { connection, underWay, waiting } = peer;
    const stop = new AbortController();
    underWay.add(stop);
    response.once("close", () => {
      underWay.delete(stop);
      if (!response.writableFinished) stop.abort(clientLeft());
      const next = waiting.shift();
      if (next !== undefined) setImmediate(next); // behind what others have sent meanwhile
      if (peer.isPaused && underWay.size < MOST_UNDER_WAY) {
        peer.isPaused = false;
        socket.resume();
      }
    });
    if (underWay.size >= MOST_UNDER_WAY) {
      peer.isPaused = true;
      socket.pause();
    }
    if (underWay.size > MOST_IN_A_READ) socket.destroy();
    const isTooMany = underWay.size > MOST_UNDER_WAY;
    const turn = isTooMany ? new Promise<void>((begin) => waiting.push(begin)) : undefined;
    return { connection, signal: stop.signal, turn };
  }

  /** Whether answers are still to go out on a connection. */
  isAnswered(socket: Duplex): boolean {
    return (this.#peers.get(socket)?.underWay.size ?? 0) > 0;
  }

  /** Ends whatever is under way. */
  stop(reason: Fault): void {
    for (const { underWay } of this.#peers.values()) for (const stop of underWay) stop.abort(reason);
  }

  #greet(socket: IncomingMessage["socket"]): Peer {
    const { remotePort = 0, localPort = 0 } = socket;
    const ends = { remotePort, localAddress: plainAddress(socket.localAddress), localPort };
    const connection = { remoteAddress: plainAddress(socket.remoteAddress), ends };
    const peer: Peer = { connection, underWay: new Set(), waiting: [], isPaused: false };
    this.#peers.set(socket, peer);
    // Node reads on when it is done with a request, and tells no answer but the first in line that the client is gone.
    socket.on("resume", () => {
      if (peer.isPaused) socket.pause();
    });
    socket.once("close", () => {
      this.#peers.delete(socket);
      for (const stop of peer.underWay) stop.abort(clientLeft());
    });
    return peer;
  }
}

function clientLeft(): Fault {
  return new Fault("CANCELLED", "the client went away");
}

/** An address as pods have it: IPv4 looks like `::ffff:10.0.0.1` on a socket that listens for both families. */
export function plainAddress(address = ""): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

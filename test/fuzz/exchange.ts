import { connect } from "node:net";
import { addressesOf, callers } from "./callers.ts";
import { type Connection, goodbye } from "./requests.ts";
import { ELSEWHERE } from "./targets.ts";

/** After so long without a byte a server waits for the rest of what is broken: then it is told that nothing comes. */
const IDLE_MS = 100;
const DEADLINE_MS = 20_000;

export type Ports = { readonly nmi: number; readonly elsewhere: number };
export type Exchange = {
  readonly connection: Connection;
  /** All that came back, a character a byte. */
  readonly received: string;
  /** Whether the server closed the connection in order, broke it off, or did neither. */
  readonly end: "closed" | "broken" | "never";
};

/** Connections so far: each comes from the next address of its caller. */
let begun = 0;

function nextAddress({ caller }: Connection): string | undefined {
  const addresses = callers[caller] === undefined ? [] : addressesOf(callers[caller]);
  begun += 1;
  return addresses[begun % addresses.length];
}

/** What a connection sends in all, a character a byte. */
export function bytesOf({ pieces }: Connection, { elsewhere }: Ports): string {
  const text = [...pieces.map(({ bytes }) => bytes), goodbye].join("");
  return text.replaceAll(ELSEWHERE, String(elsewhere));
}

/** Whether every request is one that has to be answered. */
export function isSound({ pieces, isBroken }: Connection): boolean {
  return !isBroken && pieces.every(({ kind }) => kind !== "wild");
}

/** Sends what a connection has to send, part by part, and listens until the server is done with it. */
export function exchange(connection: Connection, ports: Ports): Promise<Exchange> {
  const { promise, resolve } = Promise.withResolvers<Exchange>();
  const socket = connect({
    host: "127.0.0.1",
    port: ports.nmi,
    localAddress: nextAddress(connection),
    allowHalfOpen: true,
    noDelay: true,
  });
  let received = "";
  let idle: NodeJS.Timeout | undefined;
  const deadline = setTimeout(() => finish("never"), DEADLINE_MS);
  const finish = (end: Exchange["end"]) => {
    clearTimeout(deadline);
    clearTimeout(idle);
    socket.destroy();
    resolve({ connection, received, end });
  };
  const waitOn = () => {
    if (isSound(connection)) return; // the answer to the last request closes the connection
    clearTimeout(idle);
    idle = setTimeout(() => socket.end(), IDLE_MS);
  };
  socket.setEncoding("latin1").on("data", (text: string) => {
    received += text;
    waitOn();
  });
  socket.on("end", () => finish("closed"));
  socket.on("error", () => finish("broken"));
  socket.on("close", () => finish("broken"));
  socket.once("connect", () => {
    const parts = cut(bytesOf(connection, ports), connection.cuts);
    const next = () => {
      const part = parts.shift();
      if (socket.destroyed || !socket.writable) return;
      if (part !== undefined) socket.write(part, "latin1", () => setTimeout(next, 1));
      else if (connection.isBroken) socket.resetAndDestroy();
      else waitOn();
    };
    next();
  });
  return promise;
}

function cut(text: string, cuts: readonly number[]): string[] {
  const places = cuts.map((thousandths) => Math.floor((text.length * thousandths) / 1_000)).sort((a, b) => a - b);
  return [...places, text.length].map((end, i) => text.slice(places[i - 1] ?? 0, end)).filter((part) => part !== "");
}

import { once } from "node:events";
import type { Server, Socket } from "node:net";
import { setTimeout } from "node:timers/promises";

/**
 * Lets kept connections end by one more answer, which tells the client so: one that is closed while it is idle may have a
 * request on its way, which would be reset. `ended` waits until those that are open then are closed, or for so long.
 */
export function lastAnswers(server: Server): { ended(ms: number): Promise<void> } {
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  return {
    async ended(ms) {
      const over = new AbortController();
      const time = setTimeout(ms, undefined, { signal: over.signal }).catch(() => {});
      const closed = [...open].map((socket) => once(socket, "close").catch(() => {}));
      await Promise.race([Promise.all(closed), time]);
      over.abort();
    },
  };
}

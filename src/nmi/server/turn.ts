import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { Listener } from "../../base/listener.ts";

const AGAIN_EVERY_MS = 50;

/** A port that is listened on now, or once another program has gone that has it for itself. */
type Turn = {
  /** That another program has the port; undefined where one listens already. */
  readonly taken: Fault | undefined;
  /** Resolves with undefined when told to stop before. Rejects with what else than another program is in the way. */
  readonly listener: Promise<Listener | undefined>;
};

type Times = {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Asked each time how long to wait before the next try; 50 ms when absent. */
  readonly pauseMs?: () => number;
};

/** Listens, or does so as soon as the port is free. @throws Fault of whatever is wrong but a port that is taken */
export async function inTurn(listen: () => Promise<Listener>, times: Times): Promise<Turn> {
  const first = await unlessTaken(listen);
  if (!(first instanceof Fault)) return { taken: undefined, listener: Promise.resolve(first) };
  const listener = onceFree(listen, times);
  listener.catch(() => {}); // heard by whoever waits for it
  return { taken: first, listener };
}

async function onceFree(
  listen: () => Promise<Listener>,
  { clock, signal, pauseMs = () => AGAIN_EVERY_MS }: Times,
): Promise<Listener | undefined> {
  while (!signal.aborted) {
    await clock.sleep(pauseMs(), signal).catch(() => {});
    const listener = signal.aborted ? undefined : await unlessTaken(listen);
    if (listener !== undefined && !(listener instanceof Fault)) return listener;
  }
  return undefined;
}

async function unlessTaken(listen: () => Promise<Listener>): Promise<Listener | Fault> {
  try {
    return await listen();
  } catch (reason) {
    const fault = Fault.from(reason);
    if (Fault.is(fault, "PORT_IN_USE")) return fault;
    throw reason;
  }
}

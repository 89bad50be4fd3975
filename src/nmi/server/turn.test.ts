import { expect, it } from "vitest";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import { Fault } from "../../base/fault.ts";
import { type Listener, listen } from "../../base/listener.ts";
import { inTurn } from "./turn.ts";

const times = () => ({ clock: new FakeClock(), stop: new AbortController() });
const listenAt = (port: number, isShared = true): Promise<Listener> =>
  listen((_, response) => response.end(), { host: "127.0.0.1", port, flag: "nmi-port", isShared });

it("one listens at once where nobody else does", async () => {
  const { clock, stop } = times();
  const turn = await inTurn(() => listenAt(0), { clock, signal: stop.signal });
  await using listener = await turn.listener;
  expect([turn.taken, listener?.port]).toEqual([undefined, expect.any(Number)]);
});

it("one listens as soon as another program is gone that has the port for itself", async () => {
  const { clock, stop } = times();
  const other = await listenAt(0, false);
  const turn = await inTurn(() => listenAt(other.port), { clock, signal: stop.signal });
  expect(turn.taken).toMatchObject({ code: "PORT_IN_USE" });
  await clock.asleep();
  clock.advance(50);
  await clock.asleep();
  await other[Symbol.asyncDispose]();
  clock.advance(50);
  await using listener = await turn.listener;
  expect(listener?.port).toBe(other.port);
});

it("one tries it again as often as whoever waits says", async () => {
  const { clock, stop } = times();
  await using other = await listenAt(0, false);
  const pauses = [700, 9_000];
  const pauseMs = () => pauses.shift() ?? 0;
  await inTurn(() => listenAt(other.port), { clock, signal: stop.signal, pauseMs });
  for (const ms of [700, 9_000]) {
    await clock.asleep();
    expect(clock.asleepFor).toEqual([ms]);
    clock.advance(ms);
  }
  stop.abort();
});

it("one no longer waits for it when told to stop", async () => {
  const { clock, stop } = times();
  await using other = await listenAt(0, false);
  const turn = await inTurn(() => listenAt(other.port), { clock, signal: stop.signal });
  await clock.asleep();
  stop.abort();
  expect(await turn.listener).toBeUndefined();
});

it.each(["at once", "later"])("what else is wrong %s is told", async (when) => {
  const { clock, stop } = times();
  const answers = when === "at once" ? [] : [new Fault("PORT_IN_USE", "taken")];
  const refuse = () => Promise.reject(answers.shift() ?? new Fault("ADDRESS_UNAVAILABLE", "no such address"));
  const turn = inTurn(refuse, { clock, signal: stop.signal });
  if (when === "later") {
    await turn;
    await clock.asleep();
    clock.advance(50);
  }
  await expect(turn.then(({ listener }) => listener)).rejects.toMatchObject({ code: "ADDRESS_UNAVAILABLE" });
});

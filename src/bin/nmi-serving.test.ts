import { expect, it } from "vitest";
import { eventually } from "../../test/support/time/eventually.ts";
import { type Listener, listen } from "../base/listener.ts";
import { createLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import type { Interception } from "../intercept/interception.ts";
import { nmiEvents } from "../nmi/events/events.ts";
import { nmiMetrics } from "../nmi/metrics.ts";
import { servePods } from "./nmi-serving.ts";

const host = "127.0.0.1";
const listenAt = (port: number, isShared = true): Promise<Listener> =>
  listen((_, response) => response.end("ours"), { host, port, flag: "nmi-port", isShared });
const answers = (port: number) =>
  fetch(`http://${host}:${port}/`).then(
    ({ ok }) => ok,
    () => false,
  );

/** A node whose rules send pods' requests to the port that was told last. */
function place() {
  const lines: string[] = [];
  const stop = new AbortController();
  const state = { port: 0 };
  const redirect = async (port: number) => {
    state.port = port;
  };
  const byOthers: Interception = { redirectTo: redirect, trouble: () => undefined, done: Promise.resolve() };
  const metrics = new Metrics(nmiMetrics);
  const events = nmiEvents({ log: createLog({ write: (line) => lines.push(line) }), metrics });
  return {
    ...{ lines, stop, state, byOthers },
    interception: { ...byOthers, redirectMeanwhileTo: redirect },
    context: { signal: stop.signal, events },
    isTaken: async () => /^aadpodidentity_nmi_port_taken (\d)$/m.exec((await metrics.expose()).body)?.[1],
  };
}

it("pods are served at another port until whoever has NMI's own is gone, then there alone", async () => {
  const { lines, state, interception, context, isTaken } = place();
  const other = await listenAt(0, false);
  await using serving = await servePods(listenAt, interception, { host, port: other.port }, context);
  expect(serving.isBeside).toBe(true);
  const meanwhile = state.port;
  expect([meanwhile === other.port, await answers(meanwhile)]).toEqual([false, true]);
  expect(lines.join()).toMatch(/W.*another program has NMI's port/);
  expect(await isTaken()).toBe("1");
  await other[Symbol.asyncDispose]();
  await serving.hasOwnPort;
  expect([state.port, await answers(other.port), await answers(meanwhile)]).toEqual([other.port, true, false]);
  expect(lines.join()).toContain(`listening on ${host}:${other.port}`);
  expect(await isTaken()).toBe("0");
});

it("nobody is served at another port where somebody else redirects pods' requests", async () => {
  const { byOthers, context } = place();
  await using other = await listenAt(0, false);
  const serving = servePods(listenAt, byOthers, { host, port: other.port }, context);
  await expect(serving).rejects.toMatchObject({ code: "PORT_IN_USE" });
});

it("nothing is left listening when NMI is told to stop before the port is free", async () => {
  const { stop, state, interception, context } = place();
  await using other = await listenAt(0, false);
  const serving = await servePods(listenAt, interception, { host, port: other.port }, context);
  stop.abort();
  await serving[Symbol.asyncDispose]();
  await eventually(() => answers(state.port)).toBe(false);
});

it.each(["are given up", "still stand"] as const)(
  "pods are served at both ports until NMI ends that is told to stop while its own rules are laid, where these %s",
  async (how) => {
    const { stop, state, interception, context } = place();
    const other = await listenAt(0, false);
    const laid = Promise.withResolvers<void>();
    const slow = { ...interception, redirectTo: () => laid.promise };
    const serving = await servePods(listenAt, slow, { host, port: other.port }, context);
    await other[Symbol.asyncDispose]();
    await eventually(() => answers(other.port)).toBe(true);
    stop.abort();
    if (how === "are given up") laid.reject(stop.signal.reason);
    else laid.resolve();
    await serving.hasOwnPort;
    expect([await answers(other.port), await answers(state.port)]).toEqual([true, true]);
    await serving[Symbol.asyncDispose]();
    expect([await answers(other.port), await answers(state.port)]).toEqual([false, false]);
  },
);

import { expect, it } from "vitest";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { type Listener, listen } from "../base/listener.ts";
import { createLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import { nmiMetrics } from "../nmi/metrics.ts";
import type { NmiConfig } from "../nmi/start/options.ts";
import { serveOperators } from "./nmi-operators.ts";

/** A program that shares its port with nobody. */
const foreign = (): Promise<Listener> =>
  listen((_, response) => response.end(), { host: "127.0.0.1", port: 0, flag: "nmi-port" });

function begin(probePort: number, listenPort: number) {
  const [lines, clock, stop] = [[] as string[], new FakeClock(), new AbortController()];
  const ports = { listenAddress: "127.0.0.1", listenPort, probePort, prometheusPort: 0, enableProfile: false };
  const operators = serveOperators(ports as NmiConfig, {
    metrics: new Metrics(nmiMetrics),
    isActive: () => true,
    trouble: () => undefined,
    clock,
    signal: stop.signal,
    log: createLog({ write: (line) => lines.push(line) }),
  });
  operators.catch(() => {}); // expected later
  return { lines, clock, stop, operators };
}

it("a port of probes that is taken ends NMI where its own is free, since no NMI of 1.x has it", async () => {
  await using probes = await foreign();
  const own = await foreign();
  await own[Symbol.asyncDispose]();
  const { clock, stop, operators } = begin(probes.port, own.port);
  await clock.asleep(2); // for the next try, and for the end of its patience
  clock.advance(2_000);
  await expect(operators).rejects.toMatchObject({
    code: "PORT_IN_USE",
    message: expect.stringContaining("probe-port"),
  });
  stop.abort();
});

it("a port of probes is waited for while NMI's own is taken too, and one that stays taken ends no NMI that serves", async () => {
  await using probes = await foreign();
  const own = await foreign();
  const { lines, clock, stop, operators } = begin(probes.port, own.port);
  await using serving = await operators;
  expect(lines.join("")).toContain("it is tried again as long as NMI's own port is taken too");
  await own[Symbol.asyncDispose]();
  const told = serving.listening();
  await clock.asleep(2);
  clock.advance(2_000);
  await told;
  expect(lines.at(-1)).toMatch(/^E.*another program uses the port.*; NMI serves pods without it/);
  stop.abort();
});

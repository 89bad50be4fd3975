import { expect, it, onTestFinished } from "vitest";
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

async function begin(probePort: number) {
  const [lines, clock, stop] = [[] as string[], new FakeClock(), new AbortController()];
  const ports = { probePort, prometheusPort: 0, enableProfile: false };
  const operators = await serveOperators(ports as NmiConfig, {
    metrics: new Metrics(nmiMetrics),
    isActive: () => true,
    trouble: () => undefined,
    clock,
    signal: stop.signal,
    log: createLog({ write: (line) => lines.push(line) }),
  });
  onTestFinished(async () => {
    stop.abort();
    await operators[Symbol.asyncDispose]();
  });
  return { lines, clock, operators };
}

it("a port of probes that stays taken for two seconds is told of", async () => {
  await using probes = await foreign();
  const { lines, clock, operators } = await begin(probes.port);
  expect(lines.join("")).toMatch(/W.*another program uses the port.*; it is tried again/);
  const taken = operators.taken();
  await clock.asleep(2); // for the next try, and for the end of its patience
  clock.advance(2_000);
  expect(await taken).toMatchObject({ code: "PORT_IN_USE", message: expect.stringContaining("probe-port") });
});

it("a port of probes is listened on once it is free, and no longer taken", async () => {
  const probes = await foreign();
  const { lines, clock, operators } = await begin(probes.port);
  await probes[Symbol.asyncDispose]();
  const taken = operators.taken();
  await clock.asleep(2);
  clock.advance(50);
  expect(await taken).toBeUndefined();
  expect(lines.join("")).toContain(`initialized health probe on port ${probes.port}`);
});

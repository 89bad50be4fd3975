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

async function begin({ probePort = 0, prometheusPort = 0 }) {
  const [lines, clock, stop] = [[] as string[], new FakeClock(), new AbortController()];
  const ports = { probePort, prometheusPort, enableProfile: false };
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
  const { lines, clock, operators } = await begin({ probePort: probes.port });
  expect(lines.join("")).toMatch(/W.*another program uses the port.*; it is tried again/);
  const taken = operators.taken();
  await clock.asleep(2); // for the next try, and for the end of its patience
  clock.advance(2_000);
  expect(await taken).toMatchObject({ code: "PORT_IN_USE", message: expect.stringContaining("probe-port") });
});

it("a port of probes is listened on once it is free, and no longer taken", async () => {
  const probes = await foreign();
  const { lines, clock, operators } = await begin({ probePort: probes.port });
  await probes[Symbol.asyncDispose]();
  const taken = operators.taken();
  await clock.asleep(2);
  clock.advance(50);
  expect(await taken).toBeUndefined();
  expect(lines.join("")).toContain(`initialized health probe on port ${probes.port}`);
});

it("a port of metrics that stays taken is told of once, holds up nobody, and is tried ever more seldom until it is free", async () => {
  const other = await foreign();
  const { lines, clock, operators } = await begin({ prometheusPort: other.port });
  const errors = () => lines.filter((line) => /^E/.test(line));
  expect([await operators.taken(), await operators.taken()]).toEqual([undefined, undefined]);
  await clock.asleep(2); // for the next try, and for the end of its patience
  expect(errors()).toEqual([]);
  clock.advance(2_000);
  await expect.poll(() => errors().length).toBe(1);
  expect(errors()[0]).toMatch(/another program uses the port.*--prometheus-port; NMI serves pods without its metrics/);
  const pauses: number[] = [];
  for (let tries = 0; tries < 12; tries += 1) {
    await clock.asleep();
    pauses.push(Math.max(...clock.asleepFor));
    clock.advance(30_000);
  }
  expect(pauses.at(-1)).toBeGreaterThanOrEqual(15_000);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(30_000);
  await clock.asleep();
  await other[Symbol.asyncDispose]();
  clock.advance(30_000);
  await expect.poll(() => lines.join("")).toContain(`registered and exported metrics on port ${other.port}`);
  expect(errors().length).toBe(1);
});

it("a port of metrics that is free again within two seconds is not told of as an error", async () => {
  const other = await foreign();
  const { lines, clock, operators } = await begin({ prometheusPort: other.port });
  await operators.taken();
  await clock.asleep(2);
  await other[Symbol.asyncDispose]();
  clock.advance(50);
  await expect.poll(() => lines.join("")).toContain(`registered and exported metrics on port ${other.port}`);
  clock.advance(2_000);
  expect(lines.filter((line) => /^E/.test(line))).toEqual([]);
});

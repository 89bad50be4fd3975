import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { FakeIptables } from "../../test/support/fake-iptables.ts";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { createLog } from "../base/log.ts";
import type { RunCommand } from "./command.ts";
import { type Interception, startInterception } from "./interception.ts";
import { type Chain, guardChain, handoverChain, redirectChain } from "./rules.ts";

const LEGACY = "iptables-legacy";
const PORT = 2579;
const MEANWHILE = 40_000;
const metadata = { address: "169.254.169.254", port: 80 };
const at = (port: number) => ({ address: "10.0.0.4", port });
const original = redirectChain(metadata, at(PORT));
const guard = guardChain(metadata);
/** What NMI leaves that is killed beside another one. */
const left = handoverChain(metadata, at(39_999));
const textOf = ({ name, hook, rules }: Chain) => [
  `:${name} - [0:0]`,
  ...rules.map((rule) => `-A ${name} ${rule}`),
  `-I ${hook} 1 -j ${name}`,
];

describe("a redirection to the port of the meantime", () => {
  let clock: FakeClock;
  let machine: FakeIptables;
  let stop: AbortController;
  let interception: Interception;

  beforeEach(() => {
    clock = new FakeClock();
    machine = new FakeIptables([LEGACY]);
    stop = new AbortController();
    vi.stubEnv("PATH", "/nowhere"); // the machine's own programs are not asked
    onTestFinished(() => {
      stop.abort();
      vi.unstubAllEnvs();
    });
  });

  async function start(run: RunCommand = machine.run): Promise<void> {
    const where = { metadata, listenAddress: "10.0.0.4", listenPort: PORT, procSysNet: "/nowhere" };
    const how = { hasGuard: true, forgetsConnections: false, intervalMs: 60_000, onRepair: () => {} };
    const machines = { ownMs: () => 0, isListening: () => true };
    const log = createLog({ write: () => {} });
    interception = await startInterception({ ...where, ...how, ...machines, run, clock, log }, stop.signal);
  }
  const meanwhile = () => clock.passUntil(interception.redirectMeanwhileTo?.(MEANWHILE) ?? Promise.reject(), 50);
  const own = () => clock.passUntil(interception.redirectTo(PORT), 50);
  const apply = (chain: Chain) => machine.apply(LEGACY, chain.table, ...textOf(chain));
  const text = (table: string) => machine.rules(LEGACY, table).join("\n");
  /** Lets looks follow each other until it is so. */
  async function until(isSo: () => boolean): Promise<void> {
    for (let look = 0; look < 100 && !isSo(); look += 1) {
      await clock.asleep();
      clock.advance(500);
    }
    expect(isSo()).toBe(true);
  }
  const isHandedOver = () => text("nat").includes(`--to-destination 10.0.0.4:${MEANWHILE}`);
  const isGone = () => machine.variants.get(LEGACY)?.get("nat")?.chains.has(left.name) === false;
  const isAlone = () => isGone() && text("nat").includes(`--to-destination 10.0.0.4:${PORT}`);

  it("stands before the other's until NMI has its own, which is laid first, and not for a moment longer than it says", async () => {
    apply(original);
    await start();
    await meanwhile();
    expect(text("nat")).toMatch(/^-A PREROUTING -j aad-metadata-handover$/m);
    expect(text("nat").indexOf(`-j ${left.name}`)).toBeLessThan(text("nat").indexOf(`-j ${original.name}\n`));
    machine.apply(LEGACY, "nat", "-D PREROUTING -j aad-metadata", "-F aad-metadata", "-X aad-metadata"); // it goes
    await own();
    expect(isAlone()).toBe(true);
  });

  it("ends no earlier than it can be removed, and when NMI stops", async () => {
    const runs = { isHindered: true };
    await start(async (program, args, input) => {
      if (runs.isHindered && input?.includes(`-X ${left.name}`) === true)
        return { code: 4, stdout: "", stderr: "busy" };
      return await machine.run(program, args, input);
    });
    await meanwhile();
    const seen = { isOver: false };
    const redirected = interception.redirectTo(PORT).then(() => {
      seen.isOver = true;
    });
    await until(() => text("nat").includes(`--to-destination 10.0.0.4:${PORT}`));
    for (let look = 0; look < 10; look += 1) {
      await clock.asleep();
      clock.advance(500);
    }
    expect([seen.isOver, isHandedOver()]).toEqual([false, true]);
    runs.isHindered = false;
    stop.abort();
    await Promise.all([redirected, interception.done]);
    expect(isAlone()).toBe(true);
  });

  it("is removed when NMI stops before, and the other's stands", async () => {
    apply(original);
    await start();
    await meanwhile();
    stop.abort();
    await interception.done;
    expect([isHandedOver(), isAlone()]).toEqual([false, true]);
  });

  it.each(["", "and the first look fails"])(
    "that is left by one that was killed goes when the next one starts %s",
    async (trouble) => {
      apply(left);
      if (trouble !== "") machine.failNext(/legacy-save/, "Another app is currently holding the xtables lock.");
      await start();
      await own();
      await until(isAlone);
    },
  );

  it("that is left goes also where another is laid just as it goes", async () => {
    apply(original);
    apply(left);
    let isLaid = false;
    const note = () => {
      isLaid = true;
    };
    await start(async (program, args, input) => {
      if (input?.includes(`-X ${left.name}`) === true) void interception.redirectMeanwhileTo?.(MEANWHILE).then(note);
      return await machine.run(program, args, input);
    });
    await until(() => isLaid);
    expect(isHandedOver()).toBe(true);
    await own();
    await until(isAlone);
  });

  it("has the guard beside it kept up, and the other's rules left alone", async () => {
    apply(original);
    await start();
    await meanwhile();
    machine.apply(LEGACY, "filter", "-F FORWARD", `-F ${guard.name}`, `-X ${guard.name}`);
    machine.apply(LEGACY, "nat", `-F ${original.name}`);
    await until(() => text("filter").includes(`-A ${guard.hook} -j ${guard.name}`));
    expect(text("filter")).toContain(`-A ${guard.name} ${guard.rules[0]}`);
    expect(text("nat")).not.toContain(`-A ${original.name} `);
  });
});

describe("a node that is to do without the guard", () => {
  let clock: FakeClock;
  let machine: FakeIptables;

  beforeEach(() => {
    clock = new FakeClock();
    machine = new FakeIptables([LEGACY]);
    vi.stubEnv("PATH", "/nowhere"); // the machine's own programs are not asked
    onTestFinished(() => void vi.unstubAllEnvs());
  });

  async function start({ hasGuard }: { readonly hasGuard: boolean }) {
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const where = { metadata, listenAddress: "10.0.0.4", listenPort: PORT, procSysNet: "/nowhere" };
    const how = { hasGuard, forgetsConnections: false, intervalMs: 60_000, onRepair: () => {} };
    const machines = { ownMs: () => 0, isListening: () => true };
    const log = createLog({ write: () => {} });
    const interception = await startInterception(
      { ...where, ...how, ...machines, run: machine.run, clock, log },
      stop.signal,
    );
    await clock.passUntil(interception.redirectTo(PORT), 50);
    return { interception, stop };
  }
  const isGuarded = () => machine.variants.get(LEGACY)?.get("filter")?.chains.has(guard.name) === true;
  async function pass(seconds: number, { running }: { readonly running: number }) {
    for (let step = 0; step < seconds * 10; step += 1) {
      await clock.asleep(running);
      clock.advance(100);
    }
  }

  it("does without it once the NMI that keeps it has stopped, and does not fight that until then", async () => {
    const guarded = await start({ hasGuard: true });
    const { interception } = await start({ hasGuard: false });
    const before = machine.changes.length;
    await pass(30, { running: 2 });
    expect(machine.changes.length - before).toBeLessThanOrEqual(2 * 5); // it goes and comes after 1, 2, 4, 8 and 16 s
    expect([guarded.interception.trouble(), interception.trouble()]).toEqual([undefined, undefined]);
    guarded.stop.abort();
    await guarded.interception.done;
    expect(isGuarded()).toBe(true);
    await pass(60, { running: 1 });
    expect(isGuarded()).toBe(false);
  });
});

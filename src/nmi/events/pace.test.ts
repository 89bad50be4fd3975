import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import { createLog } from "../../base/log.ts";
import { type Cause, type LineKind, LogPace } from "./pace.ts";

function setUp() {
  const clock = new FakeClock();
  const lines: string[] = [];
  const write = (line: string) => lines.push(line[0] + line.slice(line.indexOf("] ") + 1).trimEnd());
  const reader = { isBehind: false };
  const pace = new LogPace(createLog({ write, isBehind: () => reader.isBehind }), clock);
  onTestFinished(() => pace[Symbol.dispose]());
  const pass = async (ms: number) => {
    clock.advance(ms);
    await turn();
  };
  /** How many of so many lines are written. */
  const storm = (cause: Cause, kind: LineKind, count = 1000) =>
    Array.from({ length: count }, () => pace.take(cause, kind)).filter(Boolean).length;
  return { reader, pace, pass, lines, storm };
}

const pod = (name: string): Cause => ({ key: name, isKnown: true, fields: { pod: `default/${name}` } });
const stranger = (address: string): Cause => ({ key: address, isKnown: false, fields: { remote: address } });
const left = "lines of the log left out: their caller causes too many";
const behind = "lines of the log left out: whoever reads the log is behind";

describe("the pace of the log", () => {
  it("lets each pod cause 100 lines of refusals at once and then 20 a second, and others theirs", async () => {
    const { pass, storm } = setUp();
    expect([storm(pod("web"), "refused"), storm(pod("api"), "refused")]).toEqual([100, 100]);
    await pass(1000);
    expect(storm(pod("web"), "refused")).toBe(20);
  });

  it("has room for what a pod is granted, whatever else it causes", () => {
    const { storm } = setUp();
    storm(pod("web"), "refused");
    storm(pod("web"), "asked");
    expect(storm(pod("web"), "granted", 300)).toBe(300);
  });

  it("bounds what a pod is granted, too", () => {
    const { storm } = setUp();
    expect(storm(pod("web"), "granted")).toBe(400);
  });

  it("leaves what waits for a slow reader to what is granted, and tells how much it left out", async () => {
    const { reader, pass, lines, storm } = setUp();
    reader.isBehind = true;
    expect([storm(pod("web"), "granted", 10), storm(pod("web"), "refused", 3), storm(pod("web"), "asked", 1)]).toEqual([
      10, 0, 0,
    ]);
    await pass(1000);
    expect(lines).toEqual([`W ${behind} suppressed=4 refused=3`]);
    reader.isBehind = false;
    expect(storm(pod("web"), "refused", 3)).toBe(3);
  });

  it("tells in one line of all that is left out for a slow reader, beside what callers cause too many of", async () => {
    const { reader, pass, lines, storm } = setUp();
    for (let i = 0; i < 300; i += 1) storm(pod(`web-${i}`), "refused", 101);
    await pass(1000);
    lines.length = 0;
    for (let i = 0; i < 300; i += 1) storm(pod(`web-${i}`), "refused", 121);
    reader.isBehind = true;
    for (let i = 0; i < 300; i += 1) storm(pod(`web-${i}`), "refused", 1);
    await pass(1000);
    expect(lines.filter((line) => line.includes(behind))).toEqual([`W ${behind} suppressed=300 refused=300`]);
    lines.length = 0;
    for (let i = 0; i < 300; i += 1) storm(pod(`web-${i}`), "asked", 1);
    await pass(1000);
    expect(lines).toEqual([`I ${behind} suppressed=300`]);
  });

  it("tells once a second how many lines of a caller are left out", async () => {
    const { pass, lines, storm } = setUp();
    storm(pod("web"), "refused", 107);
    storm(pod("web"), "asked", 101);
    storm(pod("api"), "asked", 103);
    expect(lines).toEqual([]);
    await pass(1000);
    expect(lines).toEqual([
      `W ${left} pod="default/web" suppressed=8 refused=7`,
      `I ${left} pod="default/api" suppressed=3`,
    ]);
    await pass(1000);
    expect(lines).toHaveLength(2);
    storm(pod("web"), "granted", 402);
    await pass(1000);
    expect(lines.slice(2)).toEqual([`W ${left} pod="default/web" suppressed=2 granted=2`]);
  });

  it("bounds callers that are no known pods all together, and leaves known ones theirs", () => {
    const { storm } = setUp();
    const told = Array.from({ length: 50 }, (_, i) => storm(stranger(`10.0.1.${i}`), "refused"));
    expect(told.reduce((sum, count) => sum + count, 0)).toBe(500);
    expect(storm(pod("web"), "refused")).toBe(100);
  });

  it("takes nothing of what a caller may cause while callers that are no known pods have no room", async () => {
    const { pass, storm } = setUp();
    for (let i = 0; i < 5; i += 1) storm(stranger(`10.0.1.${i}`), "refused", 100);
    expect(storm(stranger("10.0.2.1"), "refused")).toBe(0);
    await pass(1000);
    expect(storm(stranger("10.0.2.1"), "refused")).toBe(100);
  });

  it("tells of no more than some hundred callers apart, and of the others together", async () => {
    const { pass, lines, storm } = setUp();
    for (let i = 0; i < 1000; i += 1) storm(stranger(`10.1.0.${i}`), "refused", 1);
    await pass(1000);
    expect(lines).toHaveLength(257);
    expect(lines.at(-1)).toBe(`W ${left} of="other callers" suppressed=244 refused=244`);
  });

  it("tells at the end what it has not told yet", () => {
    const { pace, lines, storm } = setUp();
    storm(pod("web"), "asked", 101);
    pace[Symbol.dispose]();
    expect(lines).toEqual([`I ${left} pod="default/web" suppressed=1`]);
  });
});

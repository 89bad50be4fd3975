import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import { createLog } from "../../base/log.ts";
import { FoldedLog, type Source } from "./folded.ts";

const web: Source = { cause: { key: "web", isKnown: true, fields: { remote: "10.244.0.2" } }, kind: "granted" };

function folded() {
  const clock = new FakeClock();
  const lines: string[] = [];
  const write = (line: string) => lines.push(line.slice(line.indexOf("] ") + 2).trim());
  const log = new FoldedLog(createLog({ write }), clock);
  onTestFinished(() => log[Symbol.dispose]());
  const pass = async (ms: number) => {
    await clock.advance(ms);
    await turn();
  };
  return { pass, lines, log };
}

describe("a folded log", () => {
  it("writes the first line at once, and those like it within the second as one that tells how many", async () => {
    const { pass, lines, log } = folded();
    for (let i = 0; i < 5; i += 1) log.info(web, "token refused", { pod: "default/web" });
    expect(lines).toEqual(['token refused pod="default/web"']);
    await pass(1000);
    expect(lines.slice(1)).toEqual(['token refused pod="default/web" repeated=4']);
  });

  it("keeps lines apart that differ in anything", () => {
    const { lines, log } = folded();
    log.info(web, "token refused", { pod: "default/web" });
    log.info(web, "token refused", { pod: "default/api" });
    log.warn(web, "token refused", { pod: "default/web" });
    log.error(web, "token refused", { pod: "default/web" });
    log.info(web, "token granted", { pod: "default/web" });
    expect(lines).toHaveLength(5);
  });

  it("begins anew after the second, and tells nothing of a line that came once", async () => {
    const { pass, lines, log } = folded();
    log.info(web, "once");
    await pass(1000);
    log.info(web, "once");
    await pass(500);
    log.info(web, "another");
    log.info(web, "another");
    await pass(500);
    expect(lines).toEqual(["once", "once", "another"]);
    await pass(500);
    expect(lines.slice(3)).toEqual(["another repeated=1"]);
  });

  it("counts every line, whatever is asked how often", async () => {
    const { pass, lines, log } = folded();
    for (let i = 0; i < 5000; i += 1) log.info(web, "asked", { by: i % 2000 });
    await pass(1000);
    const told = lines.map((line) => Number(/(?:repeated|suppressed)=(\d+)/.exec(line)?.[1] ?? 1));
    expect(told.reduce((sum, count) => sum + count, 0)).toBe(5000);
  });

  it("keeps room for the lines of others, whatever one asks for", async () => {
    const { pass, lines, log } = folded();
    for (let i = 0; i < 5000; i += 1) log.info(web, "asked", { by: i });
    const api = { ...web, cause: { ...web.cause, key: "api" } };
    for (let i = 0; i < 5; i += 1) log.info(api, "asked", { by: "api" });
    await pass(1000);
    expect(lines.filter((line) => line.includes('by="api"'))).toEqual(['asked by="api"', 'asked by="api" repeated=4']);
    expect(lines.length).toBeLessThan(500);
  });

  it("makes no line that is left out", () => {
    const { lines, log } = folded();
    const asked = { ...web, kind: "asked" } as const;
    let made = 0;
    const make = () => {
      made += 1;
      return `status ${made}`;
    };
    for (let i = 0; i < 500; i += 1) log.apart(asked, make);
    expect([made, lines.length]).toEqual([100, 100]);
  });

  it("makes a line only when it writes it, and counts those of the same key", async () => {
    const { pass, lines, log } = folded();
    let made = 0;
    const make = () => {
      made += 1;
      return { message: "token granted", fields: { pod: "default/web" } };
    };
    for (let i = 0; i < 5; i += 1) log.lazily(web, "web", make);
    log.lazily(web, "api", make);
    expect([made, lines.length]).toEqual([2, 2]);
    await pass(1000);
    expect(lines.slice(2)).toEqual(['token granted pod="default/web" repeated=4']);
  });

  it("tells at the end what it has not told yet", () => {
    const { lines, log } = folded();
    log.warn(web, "asked");
    log.warn(web, "asked");
    log[Symbol.dispose]();
    expect(lines).toEqual(["asked", "asked repeated=1"]);
  });

  it("writes text from outside escaped and cut, and leaves no field to it", async () => {
    const { pass, lines, log } = folded();
    for (let i = 0; i < 2; i += 1) log.info(web, "asked", { resource: `x" repeated=9\n${"y".repeat(1000)}` });
    await pass(1000);
    expect(lines[1]).toMatch(/^asked resource="x\\" repeated=9\\\\u000ay{200,256}…" repeated=1$/);
  });
});

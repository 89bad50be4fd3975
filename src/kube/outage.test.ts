import { expect, it } from "vitest";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { Fault } from "../base/fault.ts";
import { createLog } from "../base/log.ts";
import { Outage } from "./outage.ts";

const MINUTE_MS = 60_000;
const away = new Fault("KUBE_UNREACHABLE", "it is away");

function outage() {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line.replace(/^.*\] /, "").trim()) });
  const clock = new FakeClock();
  return { lines, clock, it: new Outage({ log, failing: "fails", well: "is well", fields: {}, clock }) };
}

it("is told once, every ten minutes with how long it lasts, and when it is over", () => {
  const { lines, clock, it: trouble } = outage();
  for (let minute = 0; minute <= 25; minute += 1) {
    trouble.failed(away);
    clock.advance(MINUTE_MS);
  }
  trouble.well();
  trouble.well();
  const fails = 'fails code="KUBE_UNREACHABLE" error="it is away"';
  expect(lines).toEqual([fails, `${fails} forMinutes=10`, `${fails} forMinutes=20`, "is well"]);
});

it("is told again for another reason", () => {
  const { lines, it: trouble } = outage();
  trouble.failed(away);
  trouble.failed(new Fault("KUBE_FORBIDDEN", "grant it"));
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain("grant it");
});

it("tells what has been failing for long", () => {
  const { clock, it: trouble } = outage();
  clock.advance(MINUTE_MS);
  expect(trouble.longerThan(0)).toBeUndefined();
  trouble.failed(away);
  clock.advance(10);
  trouble.failed(away);
  expect([trouble.longerThan(9), trouble.longerThan(10)]).toEqual([away, undefined]);
  trouble.well();
  expect(trouble.longerThan(0)).toBeUndefined();
});

import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { Fault } from "../base/fault.ts";
import { patienceOf } from "./dry-run-patience.ts";

const never = new AbortController().signal;
const away = new Fault("KUBE_UNREACHABLE", "the API server does not answer");
const refused = new Fault("KUBE_FORBIDDEN", "may not list nodes");

function start() {
  const clock = new FakeClock();
  const { hooks, until } = patienceOf(clock);
  const ready = Promise.withResolvers<void>();
  const ended: unknown[] = [];
  void until(ready.promise, never).then(
    () => ended.push("ready"),
    (reason) => ended.push(reason),
  );
  return { clock, hooks, ready, ended };
}

describe("the patience of a dry run", () => {
  it("ends at once when the API server refuses", async () => {
    const t = start();
    t.hooks.onTrouble(refused);
    await expect.poll(() => t.ended).toEqual([refused]);
  });

  it("ends when the API server is away for a while", async () => {
    const t = start();
    t.hooks.onTrouble(away);
    await t.clock.advance(14_000);
    expect(t.ended).toEqual([]);
    await t.clock.advance(2_000);
    await expect.poll(() => t.ended).toEqual([away]);
  });

  it("ends with the next trouble when that comes later", async () => {
    const t = start();
    await t.clock.advance(16_000);
    expect(t.ended).toEqual([]);
    t.hooks.onTrouble(away);
    await expect.poll(() => t.ended).toEqual([away]);
  });

  it("lasts as long as the API server is heard of", async () => {
    const t = start();
    t.hooks.onTrouble(away);
    t.hooks.onContact();
    await t.clock.advance(60_000);
    t.ready.resolve();
    await expect.poll(() => t.ended).toEqual(["ready"]);
  });
});

import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { PassingTime } from "../../test/support/time/passing-time.ts";
import { Trigger } from "./trigger.ts";

const never = new AbortController().signal;

function start() {
  const clock = new FakeClock();
  const trigger = new Trigger({ clock, quietMs: 50, longestMs: 120 });
  return { clock, trigger };
}

describe("Trigger", () => {
  it("makes one of a burst, when it has been quiet for a while", async () => {
    const { clock, trigger } = start();
    trigger.fire();
    trigger.fire();
    const next = trigger.next(never);
    await clock.asleep();
    trigger.fire();
    clock.advance(50);
    await clock.asleep();
    expect(trigger.waitingMs).toBe(50);
    clock.advance(50);
    await next;
    expect(trigger.waitingMs).toBe(0);
  });

  it("makes one of many that come one shortly after the other", async () => {
    const { clock, trigger } = start();
    const stop = new AbortController();
    let taken = 0;
    const take = async () => {
      for (;;) {
        await trigger.next(stop.signal);
        taken += 1;
      }
    };
    const taking = take().catch(() => {}); // only the signal ends it
    for (let i = 0; i < 8; i += 1) {
      trigger.fire();
      await setImmediate();
      clock.advance(10);
      await setImmediate();
    }
    clock.advance(70);
    stop.abort();
    await taking;
    expect(taken).toBe(1);
  });

  it("does not wait for the end of a burst for ever", async () => {
    const { clock, trigger } = start();
    trigger.fire();
    const next = trigger.next(never);
    for (const ms of [50, 50, 20]) {
      await clock.asleep();
      trigger.fire();
      clock.advance(ms);
    }
    await next;
    expect(clock.monotonic()).toBe(120);
  });

  it("makes one of what pauses for a quarter of the time that it has gone on for", async () => {
    const time = new PassingTime();
    const trigger = new Trigger({ clock: time.clock(1), quietMs: 50, longestMs: 3_000 });
    for (let ms = 0; ms <= 1_000; ms += 40) time.after(ms, () => trigger.fire());
    time.after(1_240, () => trigger.fire());
    let takenAfterMs: number | undefined;
    const next = trigger.next(never).then(() => {
      takenAfterMs = time.ms;
    });
    while (takenAfterMs === undefined) await time.step();
    await next;
    expect(takenAfterMs).toBeGreaterThan(1_240);
    expect(takenAfterMs).toBeLessThan(2_000);
  });

  it("waits until it is fired, and forgets nothing that comes after it was taken", async () => {
    const { clock, trigger } = start();
    let taken = 0;
    const take = async () => {
      await trigger.next(never);
      taken += 1;
    };
    const first = take();
    trigger.fire();
    await clock.asleep();
    clock.advance(50);
    await first;
    const second = take();
    expect(clock.sleepers).toBe(0);
    trigger.fire();
    await clock.asleep();
    clock.advance(50);
    await second;
    expect(taken).toBe(2);
  });

  it("rejects with the signal's reason", async () => {
    const { trigger } = start();
    const stop = new AbortController();
    const next = trigger.next(stop.signal);
    stop.abort(new Error("enough"));
    await expect(next).rejects.toThrow("enough");
  });
});

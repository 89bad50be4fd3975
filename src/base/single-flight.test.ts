import { describe, expect, it } from "vitest";
import { raceAbort, SingleFlight } from "./single-flight.ts";

describe("SingleFlight", () => {
  it("shares one piece of work among equal requests", async () => {
    const flights = new SingleFlight<number>();
    const gate = Promise.withResolvers<number>();
    let starts = 0;
    const work = () => {
      starts += 1;
      return gate.promise;
    };
    const results = Promise.all([flights.run("a", work), flights.run("a", work), flights.run("b", work)]);
    gate.resolve(7);
    expect(await results).toEqual([7, 7, 7]);
    expect(starts).toBe(2);
    expect(flights.size).toBe(0);
  });

  it("lets one waiter go without disturbing the others", async () => {
    const flights = new SingleFlight<number>();
    const gate = Promise.withResolvers<number>();
    const leaving = new AbortController();
    const first = flights.run("a", () => gate.promise, leaving.signal);
    const second = flights.run("a", () => gate.promise);
    leaving.abort(new Error("gone"));
    await expect(first).rejects.toThrow("gone");
    gate.resolve(1);
    expect(await second).toBe(1);
  });

  it("cancels the work when the last waiter has gone, and starts anew for the next", async () => {
    const flights = new SingleFlight<number>();
    const leaving = new AbortController();
    let cancelled = false;
    const first = flights.run(
      "a",
      (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            cancelled = true;
            reject(signal.reason);
          });
        }),
      leaving.signal,
    );
    leaving.abort(new Error("gone"));
    await expect(first).rejects.toThrow("gone");
    expect(cancelled).toBe(true);
    expect(await flights.run("a", async () => 2)).toBe(2);
  });

  it("does not keep a failure", async () => {
    const flights = new SingleFlight<number>();
    await expect(flights.run("a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await flights.run("a", async () => 3)).toBe(3);
  });
});

describe("raceAbort", () => {
  it("rejects at once when the signal was aborted before", async () => {
    await expect(raceAbort(new Promise(() => {}), AbortSignal.abort(new Error("late")))).rejects.toThrow("late");
  });
});

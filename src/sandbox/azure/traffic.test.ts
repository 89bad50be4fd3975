import { expect, it } from "vitest";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import type { Operation } from "./operations.ts";
import { Hangup, Traffic } from "./traffic.ts";

const failure = { status: 503, code: "busy", message: "busy" };

function traffic() {
  const clock = new FakeClock();
  const all = new Traffic(clock);
  const call = (operation: Operation = "imds.token") =>
    all.arrive(operation, new AbortController().signal).then(
      () => "answered",
      (reason: Error) => reason.message,
    );
  return { clock, all, call };
}

it("strikes as often as a rule says, after as many calls as it says, at the operations that it is about", async () => {
  const { all, call } = traffic();
  all.inject({ at: "imds.*", failure, after: 1, times: 2 });

  expect(await call("entra.token")).toBe("answered");
  const seen = [await call(), await call("imds.instance"), await call(), await call()];
  expect(seen).toEqual(["answered", "busy", "busy", "answered"]);
});

it("ends when the rule is taken back", async () => {
  const { all, call } = traffic();
  const rule = all.inject({ at: "*", failure });
  expect([await call(), await call("arm.operations.get")]).toEqual(["busy", "busy"]);
  rule[Symbol.dispose]();
  expect(await call()).toBe("answered");
});

it("delays and fails the same call, and does first what it was told of a single call", async () => {
  const { all, call, clock } = traffic();
  all.inject({ at: "imds.token", delayMs: 300 });
  all.inject({ at: "imds.token", failure });
  all.failNext("imds.token", "connection closed");

  const first = all.arrive("imds.token", new AbortController().signal);
  const refused = expect(first).rejects.toThrow(Hangup);
  await clock.asleep();
  clock.advance(300);
  await refused;
  const second = call();
  await clock.asleep();
  clock.advance(300);
  expect(await second).toBe("busy");
});

it("calls a failure what its service usually calls it", async () => {
  const { all } = traffic();
  const codeOf = (operation: Operation) =>
    all.arrive(operation, new AbortController().signal).catch(({ code }: { code: string }) => code);
  all.inject({ at: "*", failure: { status: 429, message: "slow down" } });
  const codes = [await codeOf("arm.operations.get"), await codeOf("entra.token"), await codeOf("imds.token")];
  expect(codes).toEqual(["TooManyRequests", "90055", "too_many_requests"]);
});

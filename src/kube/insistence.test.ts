import { expect, it } from "vitest";
import { PassingTime } from "../../test/support/time/passing-time.ts";
import { insist } from "./insistence.ts";

const PATIENCE_MS = 100;
const PAUSE_MS = 10;
const never = new AbortController().signal;

/** Attempts that each end as the next of the answers says, or never. */
function insistence(answers: readonly { readonly afterMs: number; readonly error?: string }[], signal = never) {
  const time = new PassingTime();
  const begun: number[] = [];
  const aborted: number[] = [];
  const failures: string[] = [];
  const attempt = (stop: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const index = begun.push(time.ms) - 1;
      const answer = answers[index];
      stop.addEventListener("abort", () => aborted.push(index));
      if (answer === undefined) return;
      time.after(answer.afterMs, () => (answer.error === undefined ? resolve() : reject(new Error(answer.error))));
    });
  const onFailure = (reason: unknown) => {
    failures.push(String(reason));
    if (String(reason).includes("hopeless")) throw reason;
  };
  const options = { clock: time.clock(1), patienceMs: PATIENCE_MS, pauseMs: PAUSE_MS, onFailure };
  const result = insist(attempt, options, signal).then(
    () => `done at ${time.ms}`,
    (reason) => `${reason} at ${time.ms}`,
  );
  const end = async () => {
    let said = "";
    void result.then((text) => {
      said = text;
    });
    while (said === "") await time.step();
    return said;
  };
  return { time, begun, aborted, failures, end };
}

it("an answer that is slow is waited for, while others are asked for beside it, which are then stopped", async () => {
  const slow = insistence([{ afterMs: 250 }]);
  expect(await slow.end()).toBe("done at 250");
  expect(slow.begun).toEqual([0, 100, 200]);
  expect(slow.aborted).toEqual([0, 1, 2]);
  expect(slow.time.planned).toBe(0);
});

it("a request that is never answered leaves time for another", async () => {
  const dead = insistence([{ afterMs: 1e9 }, { afterMs: 5 }]);
  expect(await dead.end()).toBe("done at 105");
});

it("a failure is followed by another attempt after a pause", async () => {
  const failing = insistence([{ afterMs: 5, error: "a" }, { afterMs: 5, error: "b" }, { afterMs: 5 }]);
  expect(await failing.end()).toBe("done at 35");
  expect(failing.failures).toEqual(["Error: a", "Error: b"]);
});

it("ends with a failure that leaves no hope, also of an attempt that was slow", async () => {
  const hopeless = insistence([{ afterMs: 150, error: "hopeless" }]);
  expect(await hopeless.end()).toBe("Error: hopeless at 150");
  expect(hopeless.aborted).toContain(1);
});

it("ends with the signal", async () => {
  const stop = new AbortController();
  const dead = insistence([], stop.signal);
  dead.time.after(130, () => stop.abort("enough"));
  expect(await dead.end()).toBe("enough at 130");
  expect(dead.aborted).toEqual([0, 1]);
});

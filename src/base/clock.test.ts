import { expect, it } from "vitest";
import { realClock } from "./clock.ts";

it("does not end a sleep of months at once", async () => {
  const stop = new AbortController();
  const months = realClock.sleep(1e10, stop.signal).then(() => "months");
  expect(await Promise.race([months, realClock.sleep(5).then(() => "a moment")])).toBe("a moment");
  stop.abort(new Error("enough"));
  await expect(months).rejects.toThrow("enough");
});

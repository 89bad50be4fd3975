import { expect, it } from "vitest";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import { Buckets } from "./buckets.ts";

function setUp() {
  const clock = new FakeClock();
  return { clock, buckets: new Buckets({ capacity: 3, perMinute: 60 }, clock) };
}

/** How many more a name may take. */
function left(buckets: Buckets, name: string): number {
  let count = 0;
  while (buckets.take(name)) count += 1;
  return count;
}

it("gives each name as many as there are in a bucket, and then what comes back", () => {
  const { clock, buckets } = setUp();
  expect([left(buckets, "web"), left(buckets, "api")]).toEqual([3, 3]);
  clock.advance(2000);
  expect(left(buckets, "web")).toBe(2);
});

it("keeps what a name has used, however many other names come", () => {
  const { buckets } = setUp();
  left(buckets, "web");
  for (let i = 0; i < 2000; i += 1) buckets.take(`name ${i}`);
  expect(left(buckets, "web")).toBe(0);
});

it("keeps no buckets that are full again, also after a rush", () => {
  const { clock, buckets } = setUp();
  for (let i = 0; i < 2000; i += 1) buckets.take(`rush ${i}`);
  for (let i = 0; i < 5000; i += 1) {
    clock.advance(1000);
    buckets.take(`name ${i}`);
  }
  expect(buckets.size).toBeLessThanOrEqual(257);
});

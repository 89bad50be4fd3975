import { expect, it } from "vitest";
import { FakeBackend } from "../../../test/support/azure/fake-backend.ts";
import { identity } from "../../../test/support/make.ts";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import { TokenCache } from "../../tokens/cache.ts";
import { MissLimit } from "./limits.ts";

const never = new AbortController().signal;

function setUp(isOff = false) {
  const clock = new FakeClock();
  const backend = new FakeBackend(clock);
  const refused: string[] = [];
  const limit = new MissLimit({ clock, onRefused: (podUid) => refused.push(podUid) });
  const cache = new TokenCache({ backends: { 0: backend }, clock, isOff, beforeFetch: limit.take });
  const get = (resource: string, podUid = "web") =>
    cache.get({ identity: identity("a"), resource, bypassCache: false, isJustAssigned: false, podUid }, never);
  const storm = async (count: number, podUid?: string) => {
    for (let i = 0; i < count; i += 1) await get(`${podUid} ${i}`, podUid);
  };
  return { clock, backend, limit, refused, get, storm };
}

it.each([false, true])(
  "lets a pod have 20 tokens fetched at once, then two a second (cache off: %s)",
  async (isOff) => {
    const { clock, backend, refused, get, storm } = setUp(isOff);
    await storm(20);
    await expect(get("one more")).rejects.toMatchObject({ code: "LIMIT_REACHED", kind: "throttled" });
    expect(backend.fetches).toBe(20);
    expect(refused).toEqual(["web"]);
    clock.advance(1000);
    await get("one more");
    await get("and another");
    await expect(get("a third")).rejects.toMatchObject({ code: "LIMIT_REACHED" });
  },
);

it("limits neither what is held already nor other pods", async () => {
  const { get, storm } = setUp();
  await storm(20);
  for (let i = 0; i < 100; i += 1) await get("undefined 0");
  await storm(20, "other");
});

it("serves a token that needs a fetch and is valid still, when the limit is reached", async () => {
  const { clock, backend, get, storm } = setUp();
  backend.lifeMs = 5 * 60_000 - 1;
  await get("vault");
  clock.advance(31_000);
  await storm(20);
  expect((await get("vault")).accessToken.reveal()).toBe("token-1");
});

it("keeps count of no more pods than have asked of late", async () => {
  const { clock, limit } = setUp();
  for (let i = 0; i < 2000; i += 1) {
    limit.take(`pod ${i}`);
    clock.advance(500);
  }
  expect(limit.size).toBeLessThanOrEqual(257);
});

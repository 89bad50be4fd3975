import { beforeEach, expect, it } from "vitest";
import { FakeBackend, HOUR } from "../../test/support/azure/fake-backend.ts";
import { identity } from "../../test/support/make.ts";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { Fault } from "../base/fault.ts";
import { TokenCache } from "./cache.ts";

const never = new AbortController().signal;
const MINUTE = 60_000;
const settled = () => new Promise((resolve) => setImmediate(resolve));

let clock: FakeClock;
let backend: FakeBackend;
let cache: TokenCache;

beforeEach(() => {
  clock = new FakeClock();
  backend = new FakeBackend(clock);
  cache = new TokenCache({ backends: { 0: backend }, clock });
});

async function get(bypassCache = false): Promise<string> {
  const request = { identity: identity("a"), resource: "vault", isJustAssigned: false, podUid: "uid", bypassCache };
  return (await cache.get(request, never)).accessToken.reveal();
}

it("a clock that is set forwards ends tokens by what it says", async () => {
  await get();
  clock.step(24 * HOUR - 4 * MINUTE);
  expect(await get()).toBe("token-2");
});

it("a clock that is set back lets no token be served beyond its life", async () => {
  await get();
  clock.advance(23 * HOUR);
  clock.step(-2 * HOUR);
  backend.break(new Fault("IMDS_REFUSED", "no early refresh"));
  expect(await get()).toBe("token-1");
  await settled();
  backend.heal();
  clock.advance(HOUR - 4 * MINUTE);
  expect(await get()).toBe("token-3");
});

it("a clock that is set back puts off no early refresh, and keeps nobody from a fresh token", async () => {
  await get();
  clock.step(-2 * HOUR);
  clock.advance(30_000);
  expect(await get(true)).toBe("token-2");
  clock.advance(13 * HOUR);
  await get();
  expect(backend.fetches).toBe(3);
});

it("a clock that is set back lets a token past its time be served for no longer", async () => {
  await get();
  clock.advance(24 * HOUR - 4 * MINUTE);
  backend.break(new Fault("IMDS_ERROR", "away"));
  expect(await get()).toBe("token-1");
  clock.step(-2 * HOUR);
  backend.heal();
  clock.advance(30_000);
  expect(await get()).toBe("token-3");
});

it("a machine that slept has aged its tokens, though less time has passed on it", async () => {
  await get();
  clock.step(13 * HOUR);
  clock.advance(30_000);
  await get();
  expect(backend.fetches).toBe(2);
});

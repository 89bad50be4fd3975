import { expect, it } from "vitest";
import { FakeBackend, HOUR } from "../../test/support/azure/fake-backend.ts";
import { identity } from "../../test/support/make.ts";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { Fault } from "../base/fault.ts";
import { type CacheOptions, TokenCache } from "./cache.ts";

const never = new AbortController().signal;

/** A cache, and what it told of each request and of each token that it forgot. */
function setUp(options: Partial<CacheOptions> = {}) {
  const clock = new FakeClock();
  const backend = Object.assign(new FakeBackend(clock), { rests: "1", version: async () => backend.rests });
  const [results, evictions]: [string[], string[]] = [[], []];
  const cache = new TokenCache({
    backends: { 0: backend },
    clock,
    onResult: (result) => results.push(result),
    onEvicted: (reason) => evictions.push(reason),
    ...options,
  });
  const get = (resource = "vault") => {
    const rest = { bypassCache: false, isJustAssigned: false, podUid: "uid" };
    return cache.get({ identity: identity("a"), resource, ...rest }, never);
  };
  return { clock, backend, cache, get, results, evictions };
}

it("tells a fetch from a token that was held, and from a fetch that was another's", async () => {
  const { backend, get, results } = setUp();
  const release = backend.hold();
  const all = [get(), get(), get()];
  release();
  await Promise.all(all);
  await get();
  expect(results.toSorted()).toEqual(["hit", "miss", "shared", "shared"]);
});

it("tells each request once, of a token past its time and of a failed fetch too", async () => {
  const { clock, backend, get, results } = setUp();
  await get();
  clock.advance(24 * HOUR - 60_000);
  backend.break(new Fault("IMDS_ERROR", "500"));
  await get();
  await get();
  expect(results).toEqual(["miss", "stale", "stale"]);
  await get("arm").catch(() => {});
  expect(results.slice(3)).toEqual(["miss"]);
});

it("does not take a refresh that nobody waits for as a request", async () => {
  const { clock, get, results } = setUp();
  await get();
  clock.advance(13 * HOUR);
  await get();
  expect(results).toEqual(["miss", "hit"]);
});

it("tells each request as a fetch when it keeps nothing", async () => {
  const { get, results } = setUp({ isOff: true });
  await get();
  await get();
  expect(results).toEqual(["miss", "miss"]);
});

const no = () => {
  throw new Fault("LIMIT_REACHED", "no");
};
it.each<{ readonly when: string; readonly options: Partial<CacheOptions> }>([
  { when: "too many were fetched", options: { beforeFetch: no } },
  { when: "too many were fetched and nothing is kept", options: { beforeFetch: no, isOff: true } },
  { when: "too many wait", options: { beforeWait: no } },
  { when: "too many wait and nothing is kept", options: { beforeWait: no, isOff: true } },
  { when: "it was refused a moment ago", options: { refusals: { run: async () => no() } } },
])("tells no fetch of a request that is kept from one since $when", async ({ options }) => {
  const { backend, get, results } = setUp(options);
  await expect(get()).rejects.toMatchObject({ code: "LIMIT_REACHED" });
  expect([backend.fetches, results]).toEqual([0, ["refused"]]);
});

it("tells why tokens were forgotten", async () => {
  const { backend, cache, get, evictions } = setUp({ mostEntries: 2 });
  for (const resource of ["a", "b", "c"]) await get(resource);
  expect(evictions).toEqual(["full"]);
  backend.rests = "2";
  await get("c");
  expect(evictions).toEqual(["full", "changed"]);
  cache.evict(identity("a"));
  expect(evictions).toEqual(["full", "changed", "gone", "gone"]);
});

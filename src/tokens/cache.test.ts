import { describe, expect, it } from "vitest";
import { FakeBackend, HOUR } from "../../test/support/azure/fake-backend.ts";
import { identity } from "../../test/support/make.ts";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { Fault } from "../base/fault.ts";
import { TokenCache } from "./cache.ts";

const never = new AbortController().signal;
const settled = () => new Promise((resolve) => setImmediate(resolve));

function setUp(options: { mostEntries?: number; isOff?: boolean } = {}) {
  const clock = new FakeClock();
  const backend = new FakeBackend(clock);
  const failures: Fault[] = [];
  const cache = new TokenCache({
    backends: { 0: backend },
    clock,
    onRefreshFailed: (fault) => failures.push(fault),
    ...options,
  });
  const get = async (over: { resource?: string; of?: string; bypassCache?: boolean; signal?: AbortSignal } = {}) => {
    const { of = "a", resource = "vault", bypassCache = false, signal = never } = over;
    const token = await cache.get(
      { identity: identity(of), resource, bypassCache, isJustAssigned: false, podUid: "uid" },
      signal,
    );
    return token.accessToken.reveal();
  };
  return { clock, backend, cache, get, failures };
}

describe("TokenCache", () => {
  it("serves one fetch again, for the same identity and resource only", async () => {
    const { get } = setUp();
    expect([await get(), await get(), await get({ resource: "arm" }), await get({ of: "b" })]).toEqual([
      "token-1",
      "token-1",
      "token-2",
      "token-3",
    ]);
  });

  it("shares a fetch among those who ask meanwhile", async () => {
    const { get, backend } = setUp();
    const release = backend.hold();
    const all = [get(), get(), get()];
    release();
    expect(await Promise.all(all)).toEqual(["token-1", "token-1", "token-1"]);
    expect(backend.fetches).toBe(1);
  });

  it("lets the fetch go on for the others when one leaves", async () => {
    const { get, backend } = setUp();
    const release = backend.hold();
    const stop = new AbortController();
    const leaver = get({ signal: stop.signal });
    const other = get();
    stop.abort(new Error("left"));
    await expect(leaver).rejects.toThrow("left");
    release();
    expect(await other).toBe("token-1");
  });

  it("keeps no failure", async () => {
    const { get, backend } = setUp();
    backend.break(new Fault("IMDS_REFUSED", "no"));
    await expect(get()).rejects.toMatchObject({ code: "IMDS_REFUSED" });
    backend.heal();
    expect(await get()).toBe("token-2");
  });

  it("refreshes behind the answer once half the life is over, and only if asked", async () => {
    const { get, clock, backend } = setUp();
    await get();
    clock.advance(12 * HOUR - 1);
    expect(await get()).toBe("token-1");
    expect(backend.fetches).toBe(1);
    clock.advance(1);
    await settled();
    expect(backend.fetches).toBe(1);
    expect(await get()).toBe("token-1");
    await settled();
    expect(await get()).toBe("token-2");
  });

  it("serves on when a refresh behind fails, tells it, and rests before the next", async () => {
    const { get, clock, backend, failures } = setUp();
    await get();
    clock.advance(13 * HOUR);
    backend.break(new Fault("IMDS_REFUSED", "no"));
    await get();
    await settled();
    expect(failures).toMatchObject([{ code: "IMDS_REFUSED" }]);
    expect(await get()).toBe("token-1");
    await settled();
    expect(backend.fetches).toBe(2);
    clock.advance(30_000);
    expect(await get()).toBe("token-1");
    await settled();
    expect(backend.fetches).toBe(3);
  });

  it("hands no token out with less than five minutes left", async () => {
    const { get, clock } = setUp();
    await get();
    clock.advance(24 * HOUR - 5 * 60_000 + 1);
    expect(await get()).toBe("token-2");
  });

  it("serves stale when the fetch fails in passing, without asking again for each request", async () => {
    const { get, clock, backend } = setUp();
    await get();
    clock.advance(24 * HOUR - 4 * 60_000);
    backend.break(new Fault("IMDS_THROTTLED", "slow down"));
    expect([await get(), await get()]).toEqual(["token-1", "token-1"]);
    expect(backend.fetches).toBe(2);
    clock.advance(30_000);
    expect(await get()).toBe("token-1");
    expect(backend.fetches).toBe(3);
  });

  it("does not serve stale after a refusal, nor a token that has expired", async () => {
    const { get, clock, backend } = setUp();
    await get();
    clock.advance(24 * HOUR - 4 * 60_000);
    backend.break(new Fault("IMDS_IDENTITY_UNKNOWN", "gone"));
    await expect(get()).rejects.toMatchObject({ code: "IMDS_IDENTITY_UNKNOWN" });
    backend.break(new Fault("IMDS_UNREACHABLE", "away"));
    clock.advance(4 * 60_000);
    await expect(get()).rejects.toMatchObject({ code: "IMDS_UNREACHABLE" });
  });

  it("serves stale until the token expires and not a moment longer", async () => {
    const { get, clock, backend } = setUp();
    await get();
    clock.advance(24 * HOUR - 10_000);
    backend.break(new Fault("IMDS_UNREACHABLE", "away"));
    expect(await get()).toBe("token-1");
    clock.advance(9999);
    expect(await get()).toBe("token-1");
    clock.advance(1);
    await expect(get()).rejects.toMatchObject({ code: "IMDS_UNREACHABLE" });
  });

  it("asks anew on bypass_cache, once in 30 seconds for all", async () => {
    const { get, clock } = setUp();
    await get();
    expect(await get({ bypassCache: true })).toBe("token-1");
    clock.advance(30_000);
    expect(await get({ bypassCache: true })).toBe("token-2");
    expect(await get({ bypassCache: true })).toBe("token-2");
    expect(await get()).toBe("token-2");
  });

  it("forgets an evicted identity and nothing else", async () => {
    const { get, cache } = setUp();
    await get();
    await get({ of: "ab" });
    cache.evict(identity("a"));
    expect([await get(), await get({ of: "ab" })]).toEqual(["token-3", "token-2"]);
  });

  it("keeps nothing of a fetch whose identity was evicted meanwhile, and fails nobody who waits for it", async () => {
    const { get, cache, backend } = setUp();
    const release = backend.hold();
    const result = get();
    await settled();
    cache.evict(identity("a"));
    const later = get();
    release();
    expect([await result, await later, cache.size]).toEqual(["token-1", "token-1", 0]);
    expect(await get()).toBe("token-2");
    expect(cache.size).toBe(1);
  });

  it.each(["evicts", "ends"])("ends a refresh behind that nobody waits for when it %s", async (how) => {
    const { get, clock, cache, backend, failures } = setUp();
    await get();
    clock.advance(13 * HOUR);
    backend.hold();
    await get();
    expect(backend.under).toBe(1);
    if (how === "evicts") cache.evict(identity("a"));
    else cache[Symbol.dispose]();
    await settled();
    expect([backend.under, cache.size, failures]).toEqual([0, 0, []]);
  });

  it("lets a refresh behind go on for those who wait for it when its identity is evicted", async () => {
    const { get, clock, cache, backend } = setUp();
    await get();
    clock.advance(13 * HOUR);
    const release = backend.hold();
    await get();
    const waiting = get({ bypassCache: true });
    clock.advance(11 * HOUR);
    const other = get();
    cache.evict(identity("a"));
    release();
    expect([await waiting, await other]).toEqual(["token-1", "token-2"]);
  });

  it("drops the token that was not used for longest", async () => {
    const { get } = setUp({ mostEntries: 2 });
    await get({ resource: "1" });
    await get({ resource: "2" });
    await get({ resource: "1" });
    await get({ resource: "3" });
    expect([await get({ resource: "1" }), await get({ resource: "2" })]).toEqual(["token-1", "token-4"]);
  });

  it("fetches every time when it is off", async () => {
    const { get, cache } = setUp({ isOff: true });
    expect([await get(), await get(), cache.size]).toEqual(["token-1", "token-2", 0]);
  });

  it("refuses an identity of a type that no back end serves", async () => {
    const { cache } = setUp();
    const other = identity("a", { spec: { type: 1 } });
    const request = { podUid: "uid", identity: other, resource: "r", bypassCache: false, isJustAssigned: false };
    const result = cache.get(request, never);
    await expect(result).rejects.toMatchObject({ code: "IDENTITY_TYPE_UNSUPPORTED" });
  });
});

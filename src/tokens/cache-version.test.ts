import { beforeEach, describe, expect, it } from "vitest";
import { FakeBackend } from "../../test/support/azure/fake-backend.ts";
import { identity } from "../../test/support/make.ts";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { Fault } from "../base/fault.ts";
import { TokenCache } from "./cache.ts";

const never = new AbortController().signal;

/** Its tokens rest on something that tests change. */
class Resting extends FakeBackend {
  rests: string | Fault = "1";

  async version(): Promise<string> {
    if (this.rests instanceof Fault) throw this.rests;
    return this.rests;
  }
}

let backend: Resting;
let plain: FakeBackend;
let cache: TokenCache;

beforeEach(() => {
  const clock = new FakeClock();
  backend = new Resting(clock);
  plain = new FakeBackend(clock);
  cache = new TokenCache({ backends: { 0: plain, 1: backend }, clock });
});

async function get(type = 1): Promise<string> {
  const request = { identity: identity("a", { spec: { type } }), resource: "vault", isJustAssigned: false };
  const token = await cache.get({ ...request, podUid: "uid", bypassCache: false }, never);
  return token.accessToken.reveal();
}

describe("a token that rests on something", () => {
  it("is served while that stays the same, and never after it changed", async () => {
    expect([await get(), await get()]).toEqual(["token-1", "token-1"]);
    backend.rests = "2";
    expect([await get(), await get()]).toEqual(["token-2", "token-2"]);
    backend.rests = "1";
    expect(await get()).toBe("token-3");
  });

  it("is forgotten when that has gone", async () => {
    await get();
    backend.rests = new Fault("SECRET_MISSING", "gone");
    await expect(get()).rejects.toMatchObject({ code: "SECRET_MISSING" });
    expect(cache.size).toBe(0);
    backend.rests = "1";
    expect(await get()).toBe("token-2");
  });

  it("is kept when nobody knows", async () => {
    await get();
    backend.rests = new Fault("SECRET_UNREADABLE", "away");
    await expect(get()).rejects.toMatchObject({ code: "SECRET_UNREADABLE" });
    backend.rests = "1";
    expect(await get()).toBe("token-1");
  });

  it("does not come from a fetch that began with what was before", async () => {
    const release = backend.hold();
    const before = get();
    await expect.poll(() => backend.fetches).toBe(1);
    backend.rests = "2";
    const after = get();
    await expect.poll(() => backend.fetches).toBe(2);
    release();
    expect(await Promise.all([before, after, get()])).toEqual(["token-1", "token-2", "token-2"]);
  });
});

it("one back end's tokens never serve another's requests, however much alike their keys", async () => {
  expect([await get(1), await get(0), await get(1)]).toEqual(["token-1", "token-1", "token-1"]);
  expect([backend.fetches, plain.fetches]).toEqual([1, 1]);
});

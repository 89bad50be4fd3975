import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeImds, identityNotFound } from "../../test/support/azure/fake-imds.ts";
import { identity, identityId } from "../../test/support/make.ts";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import type { Fault } from "../base/fault.ts";
import { Governor, imdsLimits } from "./governor.ts";
import { imdsBackend } from "./imds.ts";
import { ImdsClient } from "./imds-client.ts";

const never = new AbortController().signal;
const vault = "https://vault.azure.net";
const request = { podUid: "uid-of-web", identity: identity("a"), resource: vault, isJustAssigned: false };

let imds: FakeImds;
let clock: FakeClock;
let calls: (Fault | undefined)[];

beforeEach(async () => {
  imds = await FakeImds.start();
  imds.put("client-of-a", identityId("a"));
  clock = new FakeClock(Date.now());
  calls = [];
});
afterEach(() => imds[Symbol.asyncDispose]());

function backend(timeoutMs?: number) {
  return imdsBackend({
    client: new ImdsClient(imds.address, timeoutMs),
    governor: new Governor({ ...imdsLimits, clock }),
    userAgent: "aad-pod-identity/NMI/test",
    clock,
    onCall: (_seconds, fault) => calls.push(fault),
  });
}

const patiently = <T>(result: Promise<T>): Promise<T> => clock.passUntil(result, 500);

describe("a request to IMDS", () => {
  it("names the identity by client ID and carries what IMDS wants", async () => {
    const token = await backend().fetch(request, never);
    expect(token.accessToken.reveal()).toBe("token-1-of-client-of-a");
    expect(token).toMatchObject({ resource: vault, clientId: "client-of-a" });
    expect(imds.requests).toMatchObject([
      {
        method: "GET",
        target: `/metadata/identity/oauth2/token?api-version=2018-02-01&client_id=client-of-a&resource=${encodeURIComponent(vault)}`,
        headers: { metadata: "true", "user-agent": "aad-pod-identity/NMI/test" },
      },
    ]);
    expect(calls).toEqual([undefined]);
  });

  it("names it by resource ID when it has no client ID", async () => {
    await backend().fetch({ ...request, identity: identity("a", { spec: { clientID: "" } }) }, never);
    expect(imds.tokenRequests.map((query) => query.get("msi_res_id"))).toEqual([identityId("a")]);
  });

  it("is never sent without a name, which would give the machine's own identity", async () => {
    const nameless = identity("a", { spec: { clientID: "", resourceID: "" } });
    await expect(backend().fetch({ ...request, identity: nameless }, never)).rejects.toMatchObject({
      code: "OBJECT_INVALID",
    });
    expect(imds.requests).toEqual([]);
  });
});

it("one token serves requests that name an identity in any case", () => {
  const { key, identityKey } = backend();
  const loud = { ...request, identity: identity("a", { spec: { clientID: "CLIENT-OF-A" } }) };
  expect(key(loud)).toBe(key(request));
  expect(key(loud).startsWith(`${identityKey(loud.identity)}\n`)).toBe(true);
  expect(key({ ...request, resource: "another" })).not.toBe(key(request));
});

it("a token that expires too soon is asked for again", async () => {
  imds.lifetimeSeconds = 200;
  const result = backend().fetch(request, never);
  await clock.asleep();
  expect(calls).toMatchObject([{ code: "IMDS_ERROR" }]);
  imds.lifetimeSeconds = 3600;
  expect((await patiently(result)).accessToken.reveal()).toBe("token-2-of-client-of-a");
});

describe("trouble at IMDS", () => {
  it.each([
    { when: "it is being updated", trouble: { status: 410 } },
    { when: "it has an error of its own", trouble: { status: 500, body: "<html>" } },
    { when: "it hangs up", trouble: "hangUp" as const },
    { when: "it sends something else", trouble: { status: 200, body: "hello" } },
    { when: "it is asked too much", trouble: { status: 429, headers: { "Retry-After": "3" } } },
  ])("is met by asking again when $when", async ({ trouble }) => {
    imds.failNext(trouble);
    const token = await patiently(backend().fetch(request, never));
    expect(token.accessToken.reveal()).toBe("token-2-of-client-of-a");
    expect(calls).toMatchObject([{ name: "Fault" }, undefined]);
  });

  it("waits as long as IMDS says", async () => {
    imds.failNext({ status: 429, headers: { "Retry-After": "3" } });
    await patiently(backend().fetch(request, never));
    expect(clock.monotonic()).toBeGreaterThanOrEqual(3000);
  });

  it("lets no other call go to IMDS before that", async () => {
    imds.failNext({ status: 429, headers: { "Retry-After": "3" } });
    const back = backend();
    const first = back.fetch(request, never);
    await clock.asleep();
    const second = back.fetch({ ...request, resource: "another" }, never);
    clock.advance(2999);
    await clock.asleep(2);
    expect(imds.requests).toHaveLength(1);
    clock.advance(5000);
    await Promise.all([patiently(first), patiently(second)]);
    expect(imds.requests).toHaveLength(3);
  });

  it("never keeps others from a token for longer than 20 s, whatever it asks for", async () => {
    imds.failNext({ status: 429, headers: { "Retry-After": "4294967" } });
    const back = backend();
    await expect(back.fetch(request, never)).rejects.toMatchObject({ code: "IMDS_THROTTLED", retryAfterMs: 4294967e3 });
    const other = back.fetch({ ...request, podUid: "uid-of-other", resource: "another" }, never);
    clock.advance(20_000);
    expect((await other).accessToken.reveal()).toBe("token-2-of-client-of-a");
  });

  it("counts the time in the queue against the caller's patience", async () => {
    const release = imds.hold();
    const back = backend();
    const stop = new AbortController();
    const busy = Array.from({ length: 4 }, (_, i) => back.fetch({ ...request, resource: `r${i}` }, stop.signal));
    for (const one of busy) one.catch(() => {});
    await expect.poll(() => imds.requests.length).toBe(4);
    const crowded = back.fetch(request, never);
    clock.advance(25_000);
    await expect(crowded).rejects.toMatchObject({ code: "LIMIT_REACHED" });
    stop.abort();
    release();
  });

  it("tells what IMDS said last when the turn for another try does not come", async () => {
    imds.failNext({ status: 503 });
    const back = backend();
    const crowded = back.fetch(request, never);
    await clock.asleep();
    const release = imds.hold();
    const stop = new AbortController();
    const busy = Array.from({ length: 4 }, (_, i) => back.fetch({ ...request, resource: `r${i}` }, stop.signal));
    for (const one of busy) one.catch(() => {});
    await expect.poll(() => imds.requests.length).toBe(5);
    clock.advance(500);
    await clock.asleep();
    clock.advance(24_500);
    await expect(crowded).rejects.toMatchObject({ code: "IMDS_ERROR" });
    stop.abort();
    release();
  });

  it("takes no answer without end", async () => {
    imds.failNext({ status: 200, body: "x".repeat(2 << 20) });
    await patiently(backend().fetch(request, never));
    expect(calls[0]?.message).toContain("too large");
  });

  it("ends when the caller's patience would, with what IMDS said last", async () => {
    imds.failNext(...Array.from({ length: 50 }, () => ({ status: 503, headers: { "Retry-After": "4" } })));
    await expect(patiently(backend().fetch(request, never))).rejects.toMatchObject({
      code: "IMDS_ERROR",
      retryAfterMs: 4000,
    });
    expect(clock.monotonic()).toBeLessThanOrEqual(30_000);
  });

  it.each([
    { when: "a refusal", trouble: { status: 403 }, code: "IMDS_REFUSED" },
    { when: "an identity that is not on the machine", trouble: identityNotFound, code: "IMDS_IDENTITY_UNKNOWN" },
  ])("is told at once for $when", async ({ trouble, code }) => {
    imds.failNext(trouble);
    await expect(backend().fetch(request, never)).rejects.toMatchObject({ code });
    expect(imds.requests).toHaveLength(1);
  });

  it("is waited out while a just assigned identity spreads in Azure", async () => {
    imds.failNext(identityNotFound, identityNotFound);
    await patiently(backend().fetch({ ...request, isJustAssigned: true }, never));
    expect(imds.requests).toHaveLength(3);
  });

  it("does not follow a redirect", async () => {
    imds.failNext({ status: 302, headers: { Location: "/metadata/instance" } });
    await patiently(backend().fetch(request, never));
    expect(imds.tokenRequests).toHaveLength(2);
  });

  it("ends a call that takes too long", async () => {
    const release = imds.hold();
    const stop = new AbortController();
    const result = backend(20).fetch(request, stop.signal);
    result.catch(() => {});
    await clock.asleep();
    expect(calls).toMatchObject([{ code: "IMDS_UNREACHABLE" }]);
    stop.abort(new Error("left"));
    await expect(result).rejects.toThrow("left");
    release();
  });

  it("leaves with the caller", async () => {
    const release = imds.hold();
    const stop = new AbortController();
    const result = backend().fetch(request, stop.signal);
    await expect.poll(() => imds.requests.length).toBe(1);
    stop.abort(new Error("left"));
    await expect(result).rejects.toThrow("left");
    expect(calls).toEqual([]);
    release();
  });
});

it("serves a pod in its turn, however much another pod asks for", async () => {
  const release = imds.hold();
  const back = backend();
  const stop = new AbortController();
  const many = Array.from({ length: 30 }, (_, i) => back.fetch({ ...request, resource: `r${i}` }, stop.signal));
  for (const one of many) one.catch(() => {});
  await expect.poll(() => imds.requests.length).toBe(4);
  const other = back.fetch({ ...request, podUid: "uid-of-other" }, never);
  release();
  expect((await other).accessToken.reveal()).toMatch(/^token-[5-8]-/);
  stop.abort();
});

it("never has more calls under way than IMDS allows", async () => {
  const release = imds.hold();
  const back = backend();
  const all = Array.from({ length: 12 }, (_, i) => back.fetch({ ...request, resource: `r${i}` }, never));
  await expect.poll(() => imds.requests.length).toBe(4);
  release();
  await Promise.all(all);
  expect(imds.mostAtOnce).toBe(4);
});

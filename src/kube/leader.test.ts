import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { eventually } from "../../test/support/time/eventually.ts";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { createLog } from "../base/log.ts";
import { KubeClient } from "./client.ts";
import { LeaderLease } from "./leader.ts";
import { leaseLock } from "./lease.ts";

const DURATION_MS = 2_000;
/** How long one write proves leadership. */
const HELD_MS = DURATION_MS * 0.7;
/** With the longest pauses: one attempt every quarter of the duration. */
const PAUSE_MS = DURATION_MS / 4;

/** Counts the pauses between attempts: other sleeps are limits of single requests. */
class CountingClock extends FakeClock {
  pauses = 0;

  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms === PAUSE_MS) this.pauses += 1;
    return super.sleep(ms, signal);
  }
}

type Asked = {
  readonly method: string;
  readonly body: unknown;
  readonly answer: (status: number, body: object) => void;
};

/** A candidate before an API server whose every answer the test gives, when it likes. */
async function candidate() {
  const asked: Asked[] = [];
  const watches: ServerResponse[] = [];
  const server = createServer(async (request, response: ServerResponse) => {
    if (request.url?.includes("watch=true")) {
      watches.push(response.writeHead(200));
      return response.flushHeaders();
    }
    const body = request.method === "GET" ? undefined : await json(request);
    const answer = (status: number, said: object) => void response.writeHead(status).end(JSON.stringify(said));
    asked.push({ method: request.method ?? "", body, answer });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const access = {
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: async () => ({}),
  };
  const log = createLog({ write: () => {} });
  const clock = new CountingClock();
  const client = new KubeClient(access, { userAgent: "test", log, clock });
  const said: boolean[] = [];
  const lease = new LeaderLease({
    lock: leaseLock(client, { namespace: "ns", name: "lock" }),
    identity: "me",
    durationMs: DURATION_MS,
    log,
    clock,
    random: () => 1,
    onChange: (isLeader) => said.push(isLeader),
  });
  const stop = new AbortController();
  const untilAborted = (signal: AbortSignal) =>
    new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  const result = lease.lead(untilAborted, stop.signal);
  const end = async () => {
    stop.abort();
    server.close().closeAllConnections();
    await result;
    await client[Symbol.asyncDispose]();
  };
  /** The next request, when it has come. */
  const next = async (method: string): Promise<Asked> => {
    await eventually(() => asked[0]?.method).toBe(method);
    return asked.shift() as Asked;
  };
  /** Shows the lock to those who watch it. */
  const show = async (type: string, object: object) => {
    await eventually(() => watches.length).toBe(1);
    watches[0]?.write(`${JSON.stringify({ type, object })}\n`);
  };
  return { lease, clock, said, stop, result, next, show, [Symbol.asyncDispose]: end };
}

function held(holderIdentity: string, leaseDurationSeconds = DURATION_MS / 1_000, resourceVersion = "1"): object {
  return { metadata: { name: "lock", resourceVersion }, spec: { holderIdentity, leaseDurationSeconds } };
}

describe("a leader", () => {
  it("counts from when it asked for the lease, not from when that was answered", async () => {
    await using me = await candidate();
    (await me.next("GET")).answer(404, {});
    const create = await me.next("POST");
    me.clock.advance(200);
    create.answer(201, held("me"));
    await eventually(() => me.lease.isLeader).toBe(true);
    await eventually(() => me.clock.asleepFor).toContain(PAUSE_MS - 200);

    me.clock.advance(HELD_MS - 200 - 1);
    expect(me.lease.isLeader).toBe(true);
    me.clock.advance(1);

    expect(me.lease.isLeader).toBe(false);
    expect(await me.result).toBe("lost");
    expect(me.said).toEqual([true, false]);
  });

  it("counts from when it sent a renewal, not from when that was answered", async () => {
    await using me = await candidate();
    (await me.next("GET")).answer(404, {});
    (await me.next("POST")).answer(201, held("me"));
    await eventually(() => me.clock.pauses).toBe(1);
    me.clock.advance(PAUSE_MS);
    const renewal = await me.next("PUT");
    me.clock.advance(200);
    renewal.answer(200, held("me", 2, "2"));
    await eventually(() => me.clock.asleepFor).toContain(PAUSE_MS - 200);

    me.clock.advance(HELD_MS - 200 - 1);
    expect(me.lease.isLeader).toBe(true);
    me.clock.advance(1);

    expect(me.lease.isLeader).toBe(false);
  });
});

describe("a watch", () => {
  it("tells who waits that the lease is free, long before it would have looked again", async () => {
    await using me = await candidate();
    (await me.next("GET")).answer(200, held("another"));
    await eventually(() => me.clock.pauses).toBe(1);
    await me.show("ADDED", held("another"));
    await me.show("MODIFIED", held("another", 2, "2"));
    await me.show("MODIFIED", held("", 1, "3"));

    (await me.next("GET")).answer(200, held("", 1, "3"));
    (await me.next("PUT")).answer(200, held("me", 2, "4"));
    await eventually(() => me.lease.isLeader).toBe(true);
    expect(me.clock.monotonic()).toBe(0);
  });

  it("does not let a candidate take what was deleted, until its holder must have stopped", async () => {
    await using me = await candidate();
    (await me.next("GET")).answer(200, held("another"));
    await eventually(() => me.clock.pauses).toBe(1);
    me.clock.advance(PAUSE_MS);
    (await me.next("GET")).answer(200, held("another"));
    await eventually(() => me.clock.pauses).toBe(2);
    await me.show("DELETED", held("another"));
    for (let attempt = 3; attempt <= 6; attempt += 1) {
      (await me.next("GET")).answer(404, {});
      await eventually(() => me.clock.pauses).toBe(attempt);
      me.clock.advance(PAUSE_MS);
    }
    (await me.next("GET")).answer(404, {});
    (await me.next("POST")).answer(201, held("me"));
    await eventually(() => me.lease.isLeader).toBe(true);
  });

  it.each([
    { what: "is deleted", type: "DELETED", now: 404 },
    { what: "is another's", type: "MODIFIED", now: 409 },
  ])("tells the leader at once that the lease $what", async ({ type, now }) => {
    await using me = await candidate();
    (await me.next("GET")).answer(404, {});
    (await me.next("POST")).answer(201, held("me"));
    await eventually(() => me.clock.pauses).toBe(1);
    await me.show("ADDED", held("me"));
    await me.show(type, held("another", 2, "2"));

    (await me.next("PUT")).answer(now, {});
    if (now === 409) (await me.next("GET")).answer(200, held("another", 2, "2"));
    await eventually(() => me.said).toEqual([true, false]);
    if (now === 404) {
      const { body, answer } = await me.next("POST");
      expect(body).toMatchObject({ spec: { holderIdentity: "" } }); // others need not wait
      answer(201, held("", 1, "3"));
    }
    expect(await me.result).toBe("lost");
    expect(me.clock.monotonic()).toBe(0);
  });
});

describe("a candidate", () => {
  it.each([
    { when: "another holds it", holder: "another", seconds: 2, attempts: 4 },
    { when: "its own name is in it", holder: "me", seconds: 2, attempts: 4 },
    { when: "the holder promised a longer time", holder: "another", seconds: 4, attempts: 8 },
    { when: "the holder promised a shorter time", holder: "another", seconds: 1, attempts: 4 },
  ])("waits for the whole time that the lease has not changed when $when", async ({ holder, seconds, attempts }) => {
    await using me = await candidate();
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      (await me.next("GET")).answer(200, held(holder, seconds));
      await eventually(() => me.clock.pauses).toBe(attempt + 1);
      me.clock.advance(PAUSE_MS);
    }
    (await me.next("GET")).answer(200, held(holder, seconds));
    const { body, answer } = await me.next("PUT");
    expect(body).toMatchObject({ metadata: { resourceVersion: "1" }, spec: { holderIdentity: "me" } });
    answer(200, held("me"));
    await eventually(() => me.lease.isLeader).toBe(true);
  });

  it("waits anew whenever the holder renews", async () => {
    await using me = await candidate();
    for (const [i, version] of ["1", "1", "1", "1", "2", "2", "2", "2"].entries()) {
      (await me.next("GET")).answer(200, held("another", 2, version));
      await eventually(() => me.clock.pauses).toBe(i + 1);
      me.clock.advance(PAUSE_MS);
    }
    (await me.next("GET")).answer(200, held("another", 2, "2"));
    (await me.next("PUT")).answer(200, held("me", 2, "3"));
    await eventually(() => me.lease.isLeader).toBe(true);
  });

  it("takes a lease at once that its holder has released", async () => {
    await using me = await candidate();
    (await me.next("GET")).answer(200, held(""));
    (await me.next("PUT")).answer(200, held("me"));
    await eventually(() => me.lease.isLeader).toBe(true);
  });

  it("does not lead when another was quicker", async () => {
    await using me = await candidate();
    (await me.next("GET")).answer(200, held(""));
    (await me.next("PUT")).answer(409, {});
    await eventually(() => me.clock.pauses).toBe(1);
    expect(me.lease.isLeader).toBe(false);
  });
});

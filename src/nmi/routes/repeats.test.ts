import { describe, expect, it } from "vitest";
import { boundNmi, reader, tokenPath, web } from "../../../test/support/bound-nmi.ts";
import { binding, identity, pod } from "../../../test/support/make.ts";
import type { NmiNode } from "../../../test/support/nmi/node.ts";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import type { Connection, NmiRequest, NmiResponse } from "../server/message.ts";
import { Repeats } from "./repeats.ts";
import { route } from "./routes.ts";

const { imds, bound } = boundNmi();
const never = new AbortController().signal;

/** A node with a bound pod, and its clients, each with connections of its own; who waits there waits in no time. */
function setUp() {
  const clock = new FakeClock();
  const node = bound({ clock });
  const request = (connection: Connection, over: Partial<NmiRequest> = {}): NmiRequest => {
    const usual = { method: "GET", target: tokenPath, headers: { metadata: "true" }, body: new Uint8Array() };
    return { ...usual, connection, signal: never, ...over };
  };
  return {
    clock,
    node,
    connect: (): Connection => ({ remoteAddress: "10.244.0.2" }),
    send: async (connection: Connection, over?: Partial<NmiRequest>) => route(request(connection, over), node.ports),
    /** The status of an answer that may be waited for. */
    statusOf: async (connection: Connection, over?: Partial<NmiRequest>): Promise<number> => {
      const answer = Promise.resolve(route(request(connection, over), node.ports));
      return (await clock.passUntil(answer, 1_000)).status;
    },
    /** Whether it is answered without being decided anew. */
    isRepeated: (connection: Connection, over?: Partial<NmiRequest>): boolean =>
      !(route(request(connection, over), node.ports) instanceof Promise),
  };
}

describe("a request that repeats the last one of its connection", () => {
  it("is answered the same at once, and told as any other", async () => {
    const { node, connect, send, isRepeated } = setUp();
    const connection = connect();
    const first = await send(connection);
    node.lines.length = 0;
    expect(await send(connection)).toEqual(first);
    expect(isRepeated(connection)).toBe(true);
    expect(node.lines).toEqual(Array(2).fill(expect.stringContaining("status (200) took 0 ns for req.method=GET")));
    const { body } = await node.metrics.expose();
    expect(body).toContain('aadpodidentity_nmi_token_cache_requests_count{result="hit"} 2');
    expect(body).toMatch(/nmi_operations_duration_seconds_count\{.*status_code="200".*\} 3/);
    expect(imds().tokenRequests).toHaveLength(1);
  });

  it.each<{ what: string; over: Partial<NmiRequest>; status: number }>([
    { what: "lacks the header", over: { headers: {} }, status: 400 },
    { what: "came through a proxy", over: { headers: { metadata: "true", "x-forwarded-for": "1" } }, status: 400 },
    { what: "is of another method", over: { method: "HEAD" }, status: 200 },
    { what: "names an identity", over: { target: `${tokenPath}&client_id=another` }, status: 404 },
  ])("is decided by itself when it $what", async ({ over, status }) => {
    const { connect, send, statusOf } = setUp();
    const connection = connect();
    await send(connection);
    expect(await statusOf(connection, over)).toBe(status);
  });

  it("is decided by itself on another connection, which is bound to its pod that way", async () => {
    const { connect, send, isRepeated } = setUp();
    await send(connect());
    expect(isRepeated(connect())).toBe(false);
  });

  it.each<{ what: string; change: (node: NmiNode) => void; status: number }>([
    { what: "the pod lost its label", change: ({ pods }) => pods.put(pod("web", { selector: "" })), status: 404 },
    { what: "the binding went", change: ({ bindings }) => bindings.remove(binding("reader")), status: 404 },
    { what: "the identity went", change: ({ identities }) => identities.remove(reader), status: 404 },
    {
      what: "the address went to another pod",
      change: ({ pods }) => {
        pods.remove(web);
        pods.put(pod("another"));
      },
      status: 503,
    },
    { what: "anything else changed", change: ({ identities }) => identities.put(identity("other")), status: 200 },
  ])("is decided anew once $what", async ({ change, status }) => {
    const { node, connect, send, isRepeated, statusOf } = setUp();
    const connection = connect();
    await send(connection);
    change(node);
    expect(isRepeated(connection)).toBe(false);
    expect(await statusOf(connection)).toBe(status);
  });

  it("is decided anew in the next second, with the time that is left then", async () => {
    const { clock, connect, send, isRepeated } = setUp();
    const connection = connect();
    const left = async () => Number(JSON.parse(String((await send(connection)).body)).expires_in);
    clock.advance(500);
    const first = await left();
    clock.advance(499);
    expect(isRepeated(connection)).toBe(true);
    clock.advance(1);
    expect(isRepeated(connection)).toBe(false);
    expect(await left()).toBe(first - 1);
  });

  it("is decided anew when the client wants no answer from a cache", async () => {
    const { connect, send, isRepeated } = setUp();
    const connection = connect();
    const over = { target: `${tokenPath}&bypass_cache=true` };
    await send(connection, over);
    expect(isRepeated(connection, over)).toBe(false);
  });
});

describe("what was given", () => {
  const request = { method: "GET", target: "/", headers: {}, body: new Uint8Array(), signal: never };
  const given = {
    tell: () => {},
    query: { resource: "r", clientId: undefined, resourceId: undefined, bypassCache: false },
  };
  const response: NmiResponse = { status: 200, headers: {}, body: "" };
  const keptBy = (options: Partial<ConstructorParameters<typeof Repeats>[0]>, type = 0) => {
    const connection = { remoteAddress: "10.244.0.2" };
    const repeats = new Repeats({ sources: [], clock: new FakeClock(), ...options });
    repeats.keep({ ...request, connection }, { ...given, identity: identity("reader", { spec: { type } }), response });
    return () => repeats.of({ ...request, connection }) !== undefined;
  };

  it("is kept for identities of Azure's machines, whose tokens rest on what is watched, and nowhere when it is off", () => {
    const kept = [keptBy({}), keptBy({}, 1), keptBy({}, 2), keptBy({ isOff: true })];
    expect(kept.map((isKept) => isKept())).toEqual([true, false, false, false]);
  });

  it("is not good in a second that the wall clock has twice", () => {
    const clock = new FakeClock();
    const isKept = keptBy({ clock });
    clock.advance(1_000);
    clock.step(-1_000);
    expect(isKept()).toBe(false);
  });
});

import { type IncomingMessage, request as send } from "node:http";
import { connect, type Socket } from "node:net";
import { json, text } from "node:stream/consumers";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { boundNmi, reader, tokenPath } from "../../../test/support/bound-nmi.ts";
import { binding, exception, pod } from "../../../test/support/make.ts";
import { nmiNode } from "../../../test/support/nmi/node.ts";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import type { AssignmentState } from "../../api/assignment.ts";
import { route } from "../routes/routes.ts";
import { serve } from "../server/server.ts";
import { ConnectionLimit } from "./connections.ts";

const { imds } = boundNmi();
const GREEDY = "127.0.0.2";
const OTHER = "127.0.0.3";
const greedy = pod("greedy", { status: { podIP: GREEDY } });
const other = pod("other", { status: { podIP: OTHER } });

/** An NMI that listens, and two pods of its node with the same identity. */
async function setUp(state: AssignmentState = "Assigned", hearingMs = 60_000) {
  const clock = new FakeClock(Date.now());
  const patience = { attemptsForCreated: 16, attemptsForAssigned: 4, intervalSeconds: 5 };
  const node = nmiNode({ imds: imds(), clock, patience });
  node.bind(greedy, reader, state);
  node.bind(other, reader);
  clock.advance(10 * 60_000); // what was assigned just now is asked for again and again
  const connections = new ConnectionLimit({ onRefused: node.ports.events.connectionLimitReached, hearingMs });
  const answer = (request: Parameters<typeof route>[0]) => route(request, node.ports);
  const server = await serve({ host: "127.0.0.1", port: 0, answer, connections, drainMs: 0 });
  onTestFinished(() => server[Symbol.asyncDispose]());
  const get = (from: string, resource: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const headers = { Metadata: "true" };
      const path = `${tokenPath}/${resource}`;
      send({ host: "127.0.0.1", port: server.port, localAddress: from, path, headers, agent: false }, resolve)
        .once("error", reject)
        .end();
    });
  const ask = async (from: string, resource = "vault") => {
    const response = await get(from, resource);
    const body = (await json(response)) as Record<string, string>;
    return { status: response.statusCode, retryAfter: response.headers["retry-after"], body };
  };
  const open = (from: string): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port: server.port, localAddress: from }, () => resolve(socket));
      socket.once("error", reject).resume();
      onTestFinished(() => void socket.destroy());
    });
  const counted = async (limit: string) => {
    const line = `aadpodidentity_nmi_limits_reached_count{limit="${limit}"} `;
    const { body } = await node.metrics.expose();
    const found = body.split("\n").find((one) => one.startsWith(line));
    return Number(found?.slice(line.length) ?? 0);
  };
  return { ...node, port: server.port, clock, connections, ask, open, counted };
}

const tooMany = { status: 429, retryAfter: "5", body: { error: "too_many_requests" } };

describe("a pod's connections", () => {
  it("are 64 at most, the next hears that on its first request, and another pod is served", async () => {
    const { ask, open, counted, lines } = await setUp();
    const sockets: Socket[] = [];
    for (let i = 0; i < 64; i += 1) sockets.push(await open(GREEDY));
    expect(await ask(GREEDY)).toMatchObject(tooMany);
    expect((await ask(OTHER)).status).toBe(200);
    expect(await counted("connections")).toBe(1);
    expect(lines.filter((line) => line.includes("limit of a pod is reached: connections"))).toHaveLength(1);
    sockets[0]?.destroy();
    await vi.waitFor(async () => expect((await ask(GREEDY)).status).toBe(200));
  });

  it("are closed unheard when twice as many are open already", async () => {
    const { open, port } = await setUp();
    for (let i = 0; i < 128; i += 1) await open(GREEDY);
    const late = connect({ host: "127.0.0.1", port, localAddress: GREEDY });
    late.on("error", () => {}).write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(await text(late).catch(() => "")).toBe("");
  });

  it("are closed when they are too many and nobody asks for anything, and are forgotten then", async () => {
    const { open, connections } = await setUp("Assigned", 5);
    const sockets = await Promise.all(Array.from({ length: 64 }, () => open(GREEDY)));
    const late = await open(GREEDY);
    await new Promise((resolve) => late.once("close", resolve));
    for (const socket of sockets) socket.destroy();
    await vi.waitFor(() => expect(connections.size).toBe(0));
  });

  it("are not counted from the node itself", async () => {
    const { open, ask, clock } = await setUp();
    for (let i = 0; i < 65; i += 1) await open("127.0.0.1");
    expect((await clock.passUntil(ask("127.0.0.1"), 1000)).status).toBe(503); // no pod has that address
  });
});

describe("a pod's requests that wait", () => {
  it("for a fetch are 16 at most, while what is held is served and another pod's are fetched", async () => {
    const { ask, counted, lines } = await setUp();
    await ask(GREEDY, "held");
    const release = imds().hold();
    const waiting = Array.from({ length: 16 }, () => ask(GREEDY, "wanted"));
    await vi.waitFor(() => expect(imds().tokenRequests).toHaveLength(2));
    await vi.waitFor(async () => expect(await ask(GREEDY, "more")).toMatchObject(tooMany));
    expect((await ask(GREEDY, "held")).status).toBe(200);
    const others = ask(OTHER, "wanted");
    release();
    expect((await others).status).toBe(200);
    for (const { status } of await Promise.all(waiting)) expect(status).toBe(200);
    expect((await ask(GREEDY, "more")).status).toBe(200);
    expect(await counted("waiters")).toBeGreaterThan(0);
    expect(lines.join("")).toContain("limit of a pod is reached: requests that wait");
  });

  it("for an assignment are 16 at most, while another pod is served", async () => {
    const { ask, clock, bind } = await setUp("Created");
    const waiting = Array.from({ length: 16 }, () => ask(GREEDY));
    await clock.asleep(16);
    expect(await ask(GREEDY)).toMatchObject(tooMany);
    expect((await ask(OTHER)).status).toBe(200);
    bind(greedy, reader);
    for (const { status } of await Promise.all(waiting)) expect(status).toBe(200);
  });
});

describe("a pod's refusals", () => {
  it("are given again for 10 s without a fetch, to that pod and for that question alone", async () => {
    const { ask, clock, counted } = await setUp();
    const asked = () => imds().tokenRequests.length;
    imds().remove(reader.clientId);
    expect((await ask(GREEDY)).status).toBe(403);
    const before = asked();
    clock.advance(9999);
    for (let i = 0; i < 3; i += 1) expect((await ask(GREEDY)).status).toBe(403);
    expect([asked(), await counted("refusals")]).toEqual([before, 3]);
    imds().put(reader.clientId);
    expect((await ask(GREEDY, "another")).status).toBe(200);
    expect((await ask(OTHER)).status).toBe(200);
    expect((await ask(GREEDY)).status).toBe(200); // the cache has it now
  });

  it("end after 10 s", async () => {
    const { ask, clock } = await setUp();
    imds().remove(reader.clientId);
    await ask(GREEDY);
    imds().put(reader.clientId);
    expect((await ask(GREEDY)).status).toBe(403);
    clock.advance(10_000);
    expect((await ask(GREEDY)).status).toBe(200);
  });

  it.each<{ readonly what: string; readonly change: (node: Awaited<ReturnType<typeof setUp>>) => void }>([
    { what: "the pod", change: ({ pods }) => pods.put(greedy) },
    { what: "the identity", change: ({ identities }) => identities.put(reader) },
    { what: "a binding", change: ({ bindings }) => bindings.put(binding("x")) },
    {
      what: "its assignment",
      change: ({ assignments }) => {
        for (const record of assignments.by("pod", "default/greedy")) assignments.put(record);
      },
    },
  ])("end with a change of $what", async ({ change }) => {
    const node = await setUp();
    imds().remove(reader.clientId);
    expect((await node.ask(GREEDY)).status).toBe(403);
    imds().put(reader.clientId);
    expect((await node.ask(GREEDY)).status).toBe(403);
    change(node);
    expect((await node.ask(GREEDY)).status).toBe(200);
  });

  it("do not keep a pod from what an exception grants it", async () => {
    const node = await setUp();
    imds().remove(reader.clientId);
    expect((await node.ask(GREEDY)).status).toBe(403);
    node.exceptions.push(exception("all", { aadpodidbinding: "demo" }));
    const before = imds().tokenRequests.length;
    await node.ask(GREEDY);
    expect(imds().tokenRequests.length).toBe(before + 1);
  });

  it("after a wait for an assignment are given again without a wait", async () => {
    const { ask, clock } = await setUp("Created");
    const first = await clock.passUntil(ask(GREEDY), 5000);
    expect(first.status).toBe(404);
    expect(await ask(GREEDY)).toEqual(first);
  });
});

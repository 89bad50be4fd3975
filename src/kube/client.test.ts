import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { clientOf, type Handler, log } from "../../test/support/kube/client-of.ts";
import { eventually } from "../../test/support/time/eventually.ts";
import { FakeClock } from "../../test/support/time/fake-clock.ts";
import { kinds } from "../api/kinds.ts";
import { Secret } from "../base/secret.ts";
import type { Credentials } from "./access.ts";
import { KubeClient } from "./client.ts";
import type { HttpPort } from "./http-port.ts";

const signal = new AbortController().signal;
const ref = { namespace: "ns", name: "a" };

describe("a client of the API server", () => {
  it("says who it is, below the server's own path", async () => {
    const seen: unknown[] = [];
    const handler: Handler = ({ url, headers }, response) => {
      seen.push(url, headers["user-agent"], headers.authorization, headers["impersonate-user"]);
      response.end("{}");
    };
    const credentials = async () => ({ token: new Secret("t"), impersonate: "jane" });
    const { client } = await clientOf(handler, { path: "/k8s/clusters/c-1", credentials });
    await client.get(kinds.pod, ref, signal);
    expect(seen).toEqual(["/k8s/clusters/c-1/api/v1/namespaces/ns/pods/a", "test/1", "Bearer t", "jane"]);
  });

  it("goes through the proxy that the access names", async () => {
    const { address: proxy } = await clientOf(({ url }, response) => response.end(JSON.stringify({ asked: url })));
    const access = { server: "http://kubernetes.example:8080", proxy, credentials: async () => ({}) };
    await using client = new KubeClient(access, { userAgent: "test", log });
    expect(await client.get(kinds.node, { namespace: "", name: "n" }, signal)).toEqual({
      asked: "http://kubernetes.example:8080/api/v1/nodes/n",
    });
  });

  it("reads again over a new connection when the server had closed the idle one", async () => {
    let count = 0;
    const { client, sockets } = await clientOf((_, response) => {
      count += 1;
      // The first connection is answered once, and reset as soon as it is used again.
      if (count === 2) response.socket?.resetAndDestroy();
      else response.end(JSON.stringify({ count }));
    });
    await client.get(kinds.pod, ref, signal);
    expect(await client.get(kinds.pod, ref, signal)).toEqual({ count: 3 });
    expect(sockets.size).toBe(2);
  });

  it("never sends a write twice by itself", async () => {
    let count = 0;
    const { client } = await clientOf((_, response) => {
      count += 1;
      if (count === 2) response.socket?.resetAndDestroy();
      else response.end("{}");
    });
    await client.get(kinds.pod, ref, signal);
    await expect(client.create(kinds.pod, "ns", {}, signal)).rejects.toMatchObject({ code: "KUBE_UNREACHABLE" });
    expect(count).toBe(2);
  });

  it.each([
    { what: "does not begin", handler: () => {} },
    { what: "does not end", handler: (_: unknown, response: ServerResponse) => void response.write("{") },
  ])("gives up an answer that $what", async ({ handler }) => {
    const { client, address } = await clientOf(handler, { timeLimitMs: 50 });
    await expect(client.get(kinds.pod, ref, signal)).rejects.toMatchObject({
      code: "KUBE_UNREACHABLE",
      message: expect.stringContaining(`cannot reach the API server at ${address} (`),
    });
  });

  it("ends with the signal's reason while it waits for an answer or for credentials", async () => {
    const never = new Promise<Credentials>(() => {});
    for (const over of [{}, { credentials: () => never }]) {
      const stop = new AbortController();
      const { client } = await clientOf(() => stop.abort(new Error("enough")), over);
      const answer = client.get(kinds.pod, ref, stop.signal);
      if ("credentials" in over) stop.abort(new Error("enough"));
      await expect(answer).rejects.toThrow("enough");
    }
  });

  it("keeps a short pause that the server asks for, and leaves a long one to its caller", async () => {
    const clock = new FakeClock();
    const pauses = ["60", "2"];
    const { client } = await clientOf(
      (_, response) => {
        const pause = pauses.shift();
        if (pause !== undefined) response.writeHead(429, { "retry-after": pause });
        response.end("{}");
      },
      { clock },
    );
    await expect(client.get(kinds.pod, ref, signal)).rejects.toMatchObject({
      code: "KUBE_THROTTLED",
      retryAfterMs: 60_000,
    });
    const answer = client.get(kinds.pod, ref, signal);
    await eventually(() => clock.asleepFor).toEqual([2_000]);
    clock.advance(2_000);
    expect(await answer).toEqual({});
  });

  it("gives up another transport's answer by its own clock, and ends what is under way", async () => {
    const clock = new FakeClock();
    const asked: string[] = [];
    const ended: unknown[] = [];
    const transport: HttpPort = {
      server: "in here",
      open: ({ method, path }, signal) => {
        asked.push(`${method} ${path}`);
        signal.addEventListener("abort", () => ended.push(signal.reason));
        return new Promise(() => {});
      },
      [Symbol.asyncDispose]: async () => {},
    };
    await using client = new KubeClient({ transport }, { userAgent: "test", log, clock, timeLimitMs: 7_000 });
    const answer = client.get(kinds.pod, ref, signal).catch((reason: unknown) => reason);
    await eventually(() => clock.asleepFor).toEqual([7_000]);
    clock.advance(7_000);
    expect(await answer).toMatchObject({
      code: "KUBE_UNREACHABLE",
      message: expect.stringContaining("cannot reach the API server at in here (no answer in time)"),
    });
    expect(asked).toEqual(["GET /api/v1/namespaces/ns/pods/a"]);
    expect(ended).toEqual([await answer]);
  });

  it("waits within its budget", async () => {
    const clock = new FakeClock();
    const { client } = await clientOf((_, response) => response.end("{}"), { clock, qps: 1, burst: 2 });
    await client.get(kinds.pod, ref, signal);
    await client.get(kinds.pod, ref, signal);
    const third = client.get(kinds.pod, ref, signal);
    await eventually(() => clock.asleepFor).toEqual([1_000]);
    clock.advance(1_000);
    expect(await third).toEqual({});
  });

  it("has 32 requests under way at most, of which watches are none", async () => {
    const open: ServerResponse[] = [];
    const { client } = await clientOf(({ url }, response) => {
      if (url?.includes("watch=true")) response.writeHead(200).flushHeaders();
      else open.push(response);
    });
    const stop = new AbortController();
    const watch = { resourceVersion: "1", timeoutSeconds: 60, idleMs: 60_000 };
    for (let i = 0; i < 3; i += 1) await client.watch(kinds.pod, {}, watch, stop.signal);
    const all = Array.from({ length: 40 }, () => client.get(kinds.pod, ref, signal));
    await eventually(() => open.length).toBe(32);

    for (let answered = 0; answered < 8; answered += 1) {
      expect(open).toHaveLength(32 + answered);
      open[answered]?.end("{}");
      await eventually(() => open.length).toBe(33 + answered);
    }
    for (const response of open.slice(8)) response.end("{}");
    expect(await Promise.all(all)).toHaveLength(40);
    stop.abort();
  });

  it("tells an answer that no API server gives", async () => {
    const { client } = await clientOf((_, response) => response.end("<html>Sign in</html>"));
    await expect(client.list(kinds.pod, {}, signal)).rejects.toMatchObject({
      code: "KUBE_ERROR",
      message: "the answer to list pods is not one of a Kubernetes API server: check the server's address",
    });
  });
});

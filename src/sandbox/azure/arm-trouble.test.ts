import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { sandboxArm, VERSION } from "../../../test/support/azure/sandbox-arm.ts";

describe("trouble on demand", () => {
  it("fails the next calls as told, in Azure's form, and counts them", async () => {
    await using azure = await sandboxArm();
    const { world, call } = azure;
    world.createResourceGroup("nodes");
    const failure = { status: 429, code: "TooManyRequests", message: "slow down", retryAfterSeconds: 7 };
    world.traffic.failNext("arm.resourceGroups.get", failure, 2);
    const path = `/subscriptions/sub/resourceGroups/nodes?${VERSION}`;

    for (let n = 0; n < 2; n += 1) {
      const { status, headers, json } = await call(path);
      expect([status, headers.get("retry-after"), json]).toEqual([
        429,
        "7",
        { error: { code: "TooManyRequests", message: "slow down" } },
      ]);
    }
    expect((await call(path)).status).toBe(200);
    expect(world.traffic.calls("arm.resourceGroups.get")).toBe(3);
  });

  it("closes the connection without an answer", async () => {
    await using azure = await sandboxArm();
    azure.world.traffic.failNext("arm.resourceGroups.get", "connection closed");
    await expect(azure.call(`/subscriptions/sub/resourceGroups/nodes?${VERSION}`)).rejects.toThrow("fetch failed");
  });

  it("answers late, and is still stopped at once", async () => {
    const azure = await sandboxArm();
    const { world, call, clock } = azure;
    world.createResourceGroup("nodes");
    world.traffic.delay("arm.resourceGroups.get", 5_000);
    const path = `/subscriptions/sub/resourceGroups/nodes?${VERSION}`;

    const late = call(path);
    await clock.asleep();
    clock.advance(5_000);
    expect((await late).status).toBe(200);

    const never = expect(call(path)).rejects.toThrow();
    await clock.asleep();
    await azure[Symbol.asyncDispose]();
    await never;
  });

  it("does not wait for a caller that never finishes its request", async () => {
    const azure = await sandboxArm();
    const socket = connect({ host: "127.0.0.1", port: azure.arm.port });
    const closed = once(socket, "close");
    socket.on("error", () => {});
    socket.write("PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n");
    expect(String(await once(socket, "data"))).toContain("100 Continue"); // the server waits for the body now

    await azure[Symbol.asyncDispose]();
    await closed;
  });
});

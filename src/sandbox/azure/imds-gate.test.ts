import { describe, expect, it } from "vitest";
import { sandboxImds } from "../../../test/support/azure/sandbox-imds.ts";

const token = "identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net";
const versions = "versions";

describe("Azure's limits, where they are switched on", () => {
  it("let 20 tokens and 5 other calls a second through", async () => {
    await using imds = await sandboxImds({ isLimited: true });
    const statuses = async (path: string, times: number) => {
      const seen: number[] = [];
      for (let n = 0; n < times; n += 1) seen.push((await imds.call(path)).status);
      return seen;
    };

    expect(await statuses(token, 21)).toEqual([...new Array(20).fill(200), 429]);
    expect(await statuses(versions, 6)).toEqual([...new Array(5).fill(200), 429]);
    expect((await imds.call(token)).json).toEqual({
      error: "too_many_requests",
      error_description: "Too many requests",
    });
    expect((await imds.call(versions)).json).toEqual({ error: "Too many requests" });
    imds.clock.advance(1_000);
    expect([...(await statuses(token, 1)), ...(await statuses(versions, 1))]).toEqual([200, 200]);
  });

  it("let 5 tokens be fetched at once", async () => {
    await using imds = await sandboxImds({ isLimited: true });
    imds.world.traffic.delay("imds.token", 10_000);
    const five = Array.from({ length: 5 }, () => imds.call(token));
    await expect.poll(() => imds.clock.sleepers).toBe(5);

    expect((await imds.call(token)).status).toBe(429);
    imds.clock.advance(10_000);
    expect((await Promise.all(five)).map(({ status }) => status)).toEqual(new Array(5).fill(200));
    imds.world.traffic.delay("imds.token", 0);
    expect((await imds.call(token)).status).toBe(200);
  });

  it("are off unless asked for", async () => {
    await using imds = await sandboxImds();
    const answers = await Promise.all(Array.from({ length: 30 }, () => imds.call(token)));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
  });
});

it("is gone while it is updated, and back after that", async () => {
  await using imds = await sandboxImds();
  imds.imds.gate.updateFor(70_000);
  expect(await imds.call(token)).toMatchObject({ status: 410, json: { error: "gone" } });
  expect((await imds.call("instance?api-version=2021-02-01")).status).toBe(410);
  imds.clock.advance(70_000);
  expect((await imds.call(token)).status).toBe(200);
});

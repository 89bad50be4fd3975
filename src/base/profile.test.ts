import { expect, it } from "vitest";
import { serveProfile } from "./profile.ts";

it("serves a processor profile and the sizes of the heap, on localhost alone", async () => {
  await using server = await serveProfile(0);
  const ask = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return [answer.status, await answer.json()] as const;
  };
  expect(server.server.address()).toMatchObject({ address: "127.0.0.1" });
  expect(await ask("/debug/pprof/profile?seconds=0.01")).toEqual([
    200,
    expect.objectContaining({ nodes: expect.any(Array), samples: expect.any(Array) }),
  ]);
  expect(await ask("/debug/pprof/heap")).toEqual([
    200,
    expect.objectContaining({ used_heap_size: expect.any(Number) }),
  ]);
  expect(await ask("/debug/pprof/cmdline")).toEqual([404, {}]);
});

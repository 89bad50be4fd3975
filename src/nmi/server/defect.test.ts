import { expect, it } from "vitest";
import type { NmiResponse } from "./message.ts";
import { serve } from "./server.ts";

const fine: NmiResponse = { status: 200, headers: {}, body: "" };

it("a defect costs one request, and nothing else, whether it shows at once, later or when all is written", async () => {
  const outcomes: (() => NmiResponse | Promise<NmiResponse>)[] = [
    () => {
      throw new Error("at once");
    },
    () => Promise.reject(new Error("later")),
    () => ({ ...fine, headers: { "Not-A-Header": "a\nb" } }),
  ];
  const answer = () => outcomes.shift()?.() ?? fine;
  await using server = await serve({ host: "127.0.0.1", port: 0, answer });
  const ask = () => fetch(`http://127.0.0.1:${server.port}/`);
  for (let i = 0; i < 3; i += 1) await expect(ask()).rejects.toThrow();
  expect((await ask()).status).toBe(200);
});

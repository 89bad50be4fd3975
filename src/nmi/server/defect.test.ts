import { expect, it } from "vitest";
import type { NmiResponse } from "./message.ts";
import { serve } from "./server.ts";

const fine: NmiResponse = { status: 200, headers: {}, body: "" };

it("a defect costs one request, and nothing else, whether it shows at once or later", async () => {
  const outcomes: (() => NmiResponse | Promise<NmiResponse>)[] = [
    () => {
      throw new Error("at once");
    },
    () => Promise.reject(new Error("later")),
  ];
  const answer = () => outcomes.shift()?.() ?? fine;
  await using server = await serve({ host: "127.0.0.1", port: 0, answer });
  const ask = () => fetch(`http://127.0.0.1:${server.port}/`);
  for (let i = 0; i < 2; i += 1) await expect(ask()).rejects.toThrow();
  expect((await ask()).status).toBe(200);
});

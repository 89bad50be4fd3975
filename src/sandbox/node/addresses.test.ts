import { createServer } from "node:net";
import { expect, it } from "vitest";
import { takeAddresses } from "./addresses.ts";

const rangeOf = (address: string) => address.split(".").slice(0, 2).join(".");

it("gives addresses of one range that this machine can listen on, each once", async () => {
  await using pool = await takeAddresses();
  const addresses = Array.from({ length: 600 }, () => pool.allocate());

  expect(new Set(addresses).size).toBe(600);
  expect(new Set(addresses.map(rangeOf)).size).toBe(1);
  expect(Number(addresses[0]?.split(".")[1])).toBeGreaterThanOrEqual(64);
  expect(addresses.filter((address) => /\.(0|255)$/.test(address))).toEqual([]);
  const server = createServer().listen(0, addresses.at(-1));
  await new Promise((resolve, reject) => server.once("listening", resolve).once("error", reject));
  server.close();
});

it("hands an address out again only when its turn comes, and never one in use", async () => {
  await using pool = await takeAddresses();
  const first = pool.allocate();
  pool.release(first);
  expect(pool.allocate()).not.toBe(first);

  const rest = Array.from({ length: 254 * 256 - 1 }, () => pool.allocate());
  expect(rest).toContain(first);
  expect(() => pool.allocate()).toThrow(/all addresses of 127\.\d+\.0\.0\/16 are in use/);
});

it("never shares a range, takes any that is free, and says when there is none", async () => {
  const pools = await Promise.all(Array.from({ length: 4 }, () => takeAddresses(() => 5)));
  expect(new Set(pools.map((pool) => rangeOf(pool.allocate()))).size).toBe(4);
  for (const pool of pools) await pool[Symbol.asyncDispose]();

  await using again = await takeAddresses(() => 5);
  expect(again.allocate()).toMatch(/^127\./);
});

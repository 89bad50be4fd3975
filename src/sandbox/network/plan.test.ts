import { expect, it } from "vitest";
import { nodeIndexOf, nodeLink, nodePlan, podLink, ROUTER_ADDRESS } from "./plan.ts";
import { podAddresses } from "./pod-addresses.ts";

it("knows whose an address is, a node's or its pod's, and of no other", () => {
  const all = Array.from({ length: 250 }, (_, index) => nodePlan(index));
  expect(new Set(all.map(({ address }) => address)).size).toBe(250);
  for (const plan of all) {
    expect(nodeIndexOf(plan.address)).toBe(plan.index);
    expect(nodeIndexOf(podAddresses(plan).allocate())).toBe(plan.index);
  }
  for (const other of [ROUTER_ADDRESS, "127.0.0.1", "10.240.1.4", "110.244.0.2", ""]) {
    expect(nodeIndexOf(other)).toBeUndefined();
  }
});

it("says how many nodes there may be when there are more", () => {
  expect(() => nodePlan(250)).toThrow(/has place for 250 nodes: ask for fewer, or take --network=forwarders/);
});

it("gives links names that Linux takes, whatever the process", () => {
  const lines = [...nodeLink(nodePlan(249), 4194304).above, ...podLink(nodePlan(249), "10.244.249.254", 4194304).above];
  const names = lines.flatMap((line) => /^link add (\S+)/.exec(line)?.[1] ?? []);
  expect(names).toHaveLength(2);
  expect(names.filter((name) => name.length > 15)).toEqual([]);
});

it("hands an address of a pod out again only when its turn comes, and never one in use", () => {
  const pool = podAddresses(nodePlan(3));
  const first = pool.allocate();
  pool.release(first);
  const rest = Array.from({ length: 253 }, () => pool.allocate());
  expect(rest[0]).not.toBe(first);
  expect(rest).toContain(first);
  expect(new Set(rest).size).toBe(253);
  expect(rest).not.toContain(nodePlan(3).gateway);
  expect(() => pool.allocate()).toThrow(/all addresses of 10\.244\.3\.0\/24 are in use: delete pods of the node/);
});

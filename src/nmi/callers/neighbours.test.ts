import { describe, expect, it } from "vitest";
import { linkIn, neighbours, type Tables } from "./neighbours.ts";

const links = `IP address       HW type     Flags       HW address            Mask     Device
10.244.0.2       0x1         0x2         3a:7e:00:00:00:02     *        veth2
10.244.0.20      0x1         0x6         3a:7e:00:00:00:20     *        veth20
10.244.0.3       0x1         0x0         00:00:00:00:00:00     *        veth3
10.244.0.4       0x1         0x2         3a:7e:00:00:00:44     *        veth9
10.244.0.4       0x1         0x2         3a:7e:00:00:00:04     *        veth4
10.244.0.5       0x1         0x0         00:00:00:00:00:00     *        veth9
10.244.0.5       0x1         0x2         3a:7e:00:00:00:05     *        veth5
`;

const routes = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
veth5\t0500F40A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0
`;
const tables: Tables = { links, routes };

describe("linkIn", () => {
  it.each([
    { who: "a pod", address: "10.244.0.2", word: "3a:7e:00:00:00:02 veth2", isKnown: true },
    { who: "one whose entry is permanent", address: "10.244.0.20", word: "3a:7e:00:00:00:20 veth20", isKnown: true },
    { who: "one that is being looked for", address: "10.244.0.3", word: "00:00:00:00:00:00 veth3", isKnown: false },
    {
      who: "one that stands there twice, in any order",
      address: "10.244.0.4",
      word: "3a:7e:00:00:00:04 veth4,3a:7e:00:00:00:44 veth9",
      isKnown: true,
    },
    {
      who: "one that stands there for the device by which it is reached, and for one of somebody else's",
      address: "10.244.0.5",
      word: "3a:7e:00:00:00:05 veth5",
      isKnown: true,
    },
    { who: "one that is not there", address: "10.244.0.9", word: "", isKnown: true },
    { who: "an address that another's ends in", address: "0.244.0.2", word: "", isKnown: true },
  ])("finds $who", ({ address, word, isKnown }) => {
    expect(linkIn(tables, address)).toEqual({ word, isKnown });
  });
});

it("a look begins after it is asked for, and those who ask while one is under way share the next", async () => {
  const reads: ((tables: Tables) => void)[] = [];
  const linkOf = neighbours(() => new Promise((resolve) => reads.push(resolve)));
  const settled = () => new Promise(setImmediate);
  const first = linkOf("10.244.0.2");
  await settled();
  const others = [linkOf("10.244.0.2"), linkOf("10.244.0.20")];
  await settled();
  expect(reads.length).toBe(1);
  reads[0]?.({ links: "", routes: "" });
  await settled();
  expect(reads.length).toBe(2);
  reads[1]?.(tables);
  const links = await Promise.all([first, ...others]);
  expect(links.map(({ word }) => word)).toEqual(["", "3a:7e:00:00:00:02 veth2", "3a:7e:00:00:00:20 veth20"]);
});

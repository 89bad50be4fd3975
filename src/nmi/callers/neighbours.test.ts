import { describe, expect, it } from "vitest";
import { linkIn, linksIn, neighbours, type Tables } from "./neighbours.ts";

const links = `IP address       HW type     Flags       HW address            Mask     Device
10.244.0.2       0x1         0x2         3a:7e:00:00:00:02     *        veth2
10.244.0.20      0x1         0x6         3a:7e:00:00:00:20     *        veth20
10.244.0.3       0x1         0x0         00:00:00:00:00:00     *        veth3
10.244.0.4       0x1         0x2         3a:7e:00:00:00:44     *        veth9
10.244.0.4       0x1         0x2         3a:7e:00:00:00:04     *        veth4
10.244.0.5       0x1         0x0         00:00:00:00:00:00     *        veth9
10.244.0.5       0x1         0x2         3a:7e:00:00:00:05     *        veth5
10.244.0.6       0x1         0x2         0a:58:0a:f4:00:06     *        cbr0
10.244.0.7       0x1         0x2         3a:7e:00:00:00:07     *        veth7
10.244.0.8       0x1         0x2         3a:7e:00:00:00:08     *        shim0
10.244.1.8       0x1         0x2         3a:7e:00:00:00:08     *        shim0
10.244.0.10      0x1         0x2         3a:7e:00:00:00:10     *        veth10
`;

const routes = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
veth2\t0200F40A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0
veth5\t0500F40A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0
cbr0\t0000F40A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
veth8\t0700F40A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0
shim0\t0800F40A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0
`;
const tables: Tables = { links, routes };

describe("who is behind an address, asked for one or for many", () => {
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
  ])("is found: $who", ({ address, word, isKnown }) => {
    expect(linkIn(tables, address)).toMatchObject({ word, isKnown });
    expect(linksIn(tables)(address)).toMatchObject({ word, isKnown });
  });

  it.each([
    { what: "where the node reaches it alone by that device", address: "10.244.0.2", isOwn: true },
    { what: "where the device of somebody else tells of it too", address: "10.244.0.5", isOwn: true },
    { what: "but not on a bridge, which leads to all pods", address: "10.244.0.6", isOwn: false },
    { what: "but not where it is reached by another device", address: "10.244.0.7", isOwn: false },
    { what: "but not where another address is behind the device", address: "10.244.0.8", isOwn: false },
    { what: "but not where no route leads to it alone", address: "10.244.0.10", isOwn: false },
    { what: "but not where it stands twice and no route tells", address: "10.244.0.4", isOwn: false },
    { what: "but not where it does not stand", address: "10.244.0.9", isOwn: false },
  ])("has a device of its own $what: $address", ({ address, isOwn }) => {
    expect(linkIn(tables, address).isOwn).toBe(isOwn);
    expect(linksIn(tables)(address).isOwn).toBe(isOwn);
  });
});

describe("a look", () => {
  const files: Readonly<Record<string, string>> = { "/proc/net/arp": links, "/proc/net/route": routes };
  function setUp() {
    const reads: string[] = [];
    const linkOf = neighbours((file) => {
      reads.push(file);
      return files[file] ?? "";
    });
    return { reads, linkOf };
  }

  it("reads the routes, which takes as long as all else, only for an address that stands there twice, and once", async () => {
    const { reads, linkOf } = setUp();
    await Promise.all([linkOf("10.244.0.2"), linkOf("10.244.0.9")]);
    expect(reads).toEqual(["/proc/net/arp"]);
    const twice = await Promise.all([linkOf("10.244.0.5"), linkOf("10.244.0.5"), linkOf("10.244.0.4")]);
    expect(twice[1]?.word).toBe("3a:7e:00:00:00:05 veth5");
    expect(reads).toEqual(["/proc/net/arp", "/proc/net/arp", "/proc/net/route"]);
  });

  it("begins after it is asked for, and is shared by those who ask before it begins", async () => {
    const { reads, linkOf } = setUp();
    const late = async (ticks: number) => {
      for (let tick = 0; tick < ticks; tick += 1) await undefined;
      return await linkOf("10.244.0.2");
    };
    const asked = [late(0), late(3), late(20)];
    expect(reads).toHaveLength(0);
    const first = await Promise.all(asked);
    expect(reads).toHaveLength(1);
    expect(first.map(({ word }) => word)).toEqual(Array(3).fill("3a:7e:00:00:00:02 veth2"));
  });

  it("is not that of anybody who asks once it has begun", async () => {
    const seen: string[] = [];
    let asked: Promise<unknown> | undefined;
    const linkOf = neighbours(() => {
      asked ??= linkOf("10.244.0.2").then(({ word }) => seen.push(word));
      return seen.push("") === 1 ? "" : links;
    });
    expect((await linkOf("10.244.0.2")).word).toBe("");
    await asked;
    expect(seen).toEqual(["", "", "3a:7e:00:00:00:02 veth2"]);
  });
});

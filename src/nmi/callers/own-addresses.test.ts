import { networkInterfaces } from "node:os";
import { expect, it } from "vitest";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import { ownAddresses } from "./own-addresses.ts";

function face(address: string) {
  return { address, family: "IPv4", netmask: "255.0.0.0", mac: "", internal: false, cidr: null } as const;
}

it("are those of all interfaces of the machine", () => {
  const all = Object.values(networkInterfaces()).flatMap((list) => list?.map(({ address }) => address) ?? []);
  expect([...ownAddresses()()].toSorted()).toEqual([...new Set(all)].toSorted());
  expect(all).toContain("127.0.0.1");
});

it("are read anew after ten seconds, and not before", () => {
  const clock = new FakeClock();
  let faces: ReturnType<typeof networkInterfaces> = { eth0: [face("10.0.0.4"), face("10.0.0.5")], lo: undefined };
  const own = ownAddresses(clock, () => faces);
  expect([...own()]).toEqual(["10.0.0.4", "10.0.0.5"]);
  faces = { eth0: [face("10.0.0.6")] };
  clock.advance(9_999);
  expect([...own()]).toEqual(["10.0.0.4", "10.0.0.5"]);
  clock.advance(1);
  expect([...own()]).toEqual(["10.0.0.6"]);
});

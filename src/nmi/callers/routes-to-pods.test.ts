import { expect, it } from "vitest";
import { deviceTo } from "./routes-to-pods.ts";

const routes = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
cbr0\t0000F40A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
veth2\t0200F40A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0
veth3\t0300F40A\t00000000\t0005\t0\t0\t100\tFFFFFFFF\t0\t0\t0
veth30\t0300F40A\t00000000\t0005\t0\t0\t20\tFFFFFFFF\t0\t0\t0
veth4\t0400F40A\t00000000\t0004\t0\t0\t0\tFFFFFFFF\t0\t0\t0
`;

it.each([
  { what: "a route of its own", address: "10.244.0.2", device: "veth2" },
  { what: "two, of which one is to be preferred", address: "10.244.0.3", device: "veth30" },
  { what: "one of its own that is not in use, and one of its net", address: "10.244.0.4", device: "cbr0" },
  { what: "that of its net", address: "10.244.0.200", device: "cbr0" },
  { what: "only the way to everywhere", address: "10.245.0.2", device: undefined },
])("an address with $what is reached by $device", ({ address, device }) => {
  expect(deviceTo(routes, address)).toBe(device);
});

it.each([
  { address: "10.244.0.2", device: "veth2" },
  { address: "10.244.0.4", device: undefined },
  { address: "10.244.0.200", device: undefined },
])("$address is reached alone by $device", ({ address, device }) => {
  expect(deviceTo(routes, address, 32)).toBe(device);
});

it("nothing is known where there is no table", () => {
  expect(deviceTo("", "10.244.0.2")).toBeUndefined();
});

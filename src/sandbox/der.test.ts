import { expect, it } from "vitest";
import { octets } from "./der.ts";

// DER allows one way to write each length, the shortest; Go's programs refuse a certificate with any other.
it.each([
  { size: 0x7f, header: "047f" },
  { size: 0x80, header: "048180" },
  { size: 0xff, header: "0481ff" },
  { size: 0x100, header: "04820100" },
  { size: 0x1234, header: "04821234" },
])("writes a length of $size in as few bytes as it takes", ({ size, header }) => {
  const encoded = octets(new Uint8Array(size));
  expect(encoded.subarray(0, encoded.length - size).toString("hex")).toBe(header);
});

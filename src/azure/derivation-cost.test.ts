import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { iterationsOf } from "./derivation-cost.ts";

const folder = join(import.meta.dirname, "../../test/support/certificates");

function lockedKey(name: string): Buffer {
  const [, base64 = ""] = /ENCRYPTED PRIVATE KEY-----([^-]*)-/.exec(readFileSync(join(folder, name), "latin1")) ?? [];
  return Buffer.from(base64, "base64");
}

describe("iterationsOf", () => {
  it("finds what openssl wrote", () => {
    expect(iterationsOf(lockedKey("rsa-encrypted.pem"))).toBe(2048);
    expect(iterationsOf(lockedKey("rsa-slow.pem"))).toBe(600_000);
  });

  it.each([
    { when: "without a length", der: [0x30, 0x80, 0x04, 0x01, 0x00, 0x02, 0x01, 0x01, 0x00, 0x00] },
    { when: "cut short", der: [0x30, 0x05, 0x04] },
    { when: "with a length of many bytes", der: [0x30, 0x88, 0, 0, 0, 0, 0, 0, 0, 0] },
    { when: "that never ends to be nested", der: nested(12) },
  ])("does not guess at what is $when", ({ der }) => {
    expect(iterationsOf(Buffer.from(der))).toBe(Number.POSITIVE_INFINITY);
  });

  it("sees a salt that is made of parts", () => {
    expect(iterationsOf(Buffer.from([0x30, 0x07, 0x24, 0x02, 0x04, 0x00, 0x02, 0x01, 0x07]))).toBe(7);
  });

  it("takes a number of any size as it is", () => {
    expect(iterationsOf(Buffer.from([0x04, 0x00, 0x02, 0x09, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0]))).toBeGreaterThan(1e20);
    expect(iterationsOf(Buffer.from([0x04, 0x00, 0x02, 0x00]))).toBe(0);
  });
});

function nested(depth: number): number[] {
  return depth === 0 ? [] : [0x30, (depth - 1) * 2, ...nested(depth - 1)];
}

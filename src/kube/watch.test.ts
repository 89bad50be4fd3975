import { array, assert, asyncProperty, constantFrom, nat, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { textLines } from "./watch.ts";

async function* pieces(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (let i = 1; i < at.length; i += 1) yield bytes.subarray(at[i - 1], at[i]);
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

describe("the lines of a stream", () => {
  it("are the same wherever it is cut, also within a letter", async () => {
    // Letters of one to four bytes, and what could be taken for the end of a line.
    const letter = constantFrom("a", '"', "\\", "é", "漢", "😀", "\n", "\r", "\u2028", "\u0000");
    const lines = array(string({ unit: letter }).map((text) => JSON.stringify(text)));
    await assert(
      asyncProperty(lines, array(nat()), async (sent, cuts) => {
        const bytes = Buffer.from(sent.map((line) => `${line}\n`).join(""));
        expect(await collect(textLines(pieces(bytes, cuts)))).toEqual(sent);
      }),
    );
  });

  it("include the last one when the stream ends in the middle of it", async () => {
    const bytes = Buffer.from('{"a":1}\n{"b"');
    expect(await collect(textLines(pieces(bytes, [])))).toEqual(['{"a":1}', '{"b"']);
  });

  it("are heard of piece by piece, whole or not", async () => {
    let count = 0;
    await collect(textLines(pieces(Buffer.from('{"a":1}\n'), [3, 5]), () => (count += 1)));
    expect(count).toBe(3);
  });
});

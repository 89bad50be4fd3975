import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import { LogLines, type LogLinesOptions } from "./log-lines.ts";

/** Lines into a sink that takes at most `room` bytes. */
function lines(options: Partial<LogLinesOptions> = {}) {
  const sink = { room: Number.POSITIVE_INFINITY, writes: [] as string[] };
  const tellLost = (count: number) => `${count} lost\n`;
  const take = (bytes: Uint8Array) => {
    const taken = bytes.subarray(0, Math.min(sink.room, bytes.length));
    sink.room -= taken.length;
    if (taken.length > 0) sink.writes.push(Buffer.from(taken).toString());
    return taken.length;
  };
  return {
    sink,
    text: () => sink.writes.join(""),
    log: new LogLines({ sink: take, tellLost, drainMs: 30, ...options }),
  };
}

it("writes the lines of one turn together, and later ones at the end of their turn", async () => {
  let nowMs = 0;
  const { sink, log } = lines({ now: () => nowMs });
  log.write("one\n");
  log.write("two\n");
  expect(sink.writes).toEqual([]);
  await turn();
  nowMs += 5;
  log.write("three\n");
  await turn();
  expect(sink.writes).toEqual(["one\ntwo\n", "three\n"]);
});

it("writes the lines of several turns together when one comes upon the other", async () => {
  const { sink, log } = lines({ now: () => 0 });
  log.write("one\n");
  await turn();
  log.write("two\n");
  await turn();
  log.write("three\n");
  await turn();
  expect(sink.writes).toEqual(["one\n"]);
  await expect.poll(() => sink.writes).toEqual(["one\n", "two\nthree\n"]);
});

it("writes an urgent line at once, behind the ones before", () => {
  const { text, log } = lines();
  log.write("one\n");
  log.write("urgent\n", true);
  expect(text()).toBe("one\nurgent\n");
});

it("goes on where a reader who is behind stopped taking, in order", async () => {
  const { sink, text, log } = lines();
  sink.room = 6;
  log.write("one\ntwo\n", true);
  log.write("three\n", true);
  expect(text()).toBe("one\ntw");
  sink.room = 100;
  await expect.poll(text).toBe("one\ntwo\nthree\n");
});

it("drops the oldest lines of a reader who takes nothing, and tells how many in their place", () => {
  const { sink, text, log } = lines({ blockBytes: 9, mostBlocks: 3 }); // a block is one line of three characters
  sink.room = 1;
  log.write("10\n", true);
  for (let i = 11; i < 30; i += 1) log.write(`${i}\n`);
  sink.room = Number.POSITIVE_INFINITY;
  log.write("30\n", true);
  log.write("31\n", true);
  expect(text()).toBe("10\n17 lost\n28\n29\n30\n31\n");
});

it("is behind when half of what may wait is waiting, until it is read", () => {
  const { sink, log } = lines({ blockBytes: 9, mostBlocks: 4 });
  sink.room = 0;
  const behind: boolean[] = [];
  for (let i = 10; i < 14; i += 1) {
    log.write(`${i}\n`);
    behind.push(log.isBehind);
  }
  expect(behind).toEqual([false, false, true, true]);
  sink.room = Number.POSITIVE_INFINITY;
  log.drain();
  expect(log.isBehind).toBe(false);
});

it("writes long heaps in parts, all of it and in order", async () => {
  const { sink, text, log } = lines();
  const heap = Array.from({ length: 5000 }, (_, i) => `${i} ${"ä".repeat(50)}\n`);
  for (const line of heap) log.write(line);
  await turn();
  expect(text()).toBe(heap.join(""));
  expect(Math.max(...sink.writes.map((write) => write.length))).toBeLessThanOrEqual(64 * 1024);
});

it("leaves nothing behind at the end, however slowly it is read", () => {
  const slow: string[] = [];
  const sink = (bytes: Uint8Array) => {
    slow.push(Buffer.from(bytes.subarray(0, 3)).toString());
    return Math.min(3, bytes.length);
  };
  const { log } = lines({ sink });
  log.write("one\ntwo\nthree\n");
  log.drain();
  expect(slow.join("")).toBe("one\ntwo\nthree\n");
});

it("gives up at the end when nothing is read at all, and does not wait again", () => {
  const { sink, log } = lines({ drainMs: 200 });
  sink.room = 0;
  log.write("one\n");
  const [start, first, second] = [0, 1, 2].map((ends) => {
    if (ends > 0) log.drain();
    return performance.now();
  }) as [number, number, number];
  expect(sink.writes).toEqual([]);
  expect(second - first).toBeLessThan(first - start);
});

import { appendFileSync } from "node:fs";
import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import { followLog } from "./log-file.ts";

let folder: string;
let file: string;
let clock: FakeClock;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "log-file-"));
  file = join(folder, "log");
  clock = new FakeClock();
});
afterEach(() => rm(folder, { recursive: true }));

it("waits for the file and for what is added, and keeps characters whole", async () => {
  const bytes = Buffer.from("é");
  const log = followLog({ file, isOver: () => false, clock, signal: new AbortController().signal });
  const first = log.next();
  await clock.asleep();
  await appendFile(file, Buffer.concat([Buffer.from("caf"), bytes.subarray(0, 1)]));
  clock.advance(100);
  expect(await first).toMatchObject({ value: "caf" });

  const second = log.next();
  await clock.asleep();
  await appendFile(file, bytes.subarray(1));
  clock.advance(100);
  expect(await second).toMatchObject({ value: "é" });
  await log.return(undefined);
});

it("ends when nothing will be added any more, and misses nothing written until then", async () => {
  await appendFile(file, "");
  let looks = 0;
  const isOver = () => {
    looks += 1;
    if (looks === 2) appendFileSync(file, "last words");
    return looks >= 2;
  };
  const log = followLog({ file, isOver, clock, signal: new AbortController().signal });
  const first = log.next();
  await Promise.race([first, clock.asleep()]);
  clock.advance(100);
  expect(await first).toEqual({ value: "last words", done: false });
  expect(await log.next()).toMatchObject({ done: true });
});

it("stops when it is told to", async () => {
  const stop = new AbortController();
  const log = followLog({ file, isOver: () => false, clock, signal: stop.signal });
  const first = log.next();
  await clock.asleep();
  stop.abort(new Error("enough"));
  await expect(first).rejects.toThrow("enough");
});

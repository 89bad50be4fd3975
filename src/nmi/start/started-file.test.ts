import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir, uptime } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { FakeClock } from "../../../test/support/time/fake-clock.ts";
import { startedFile } from "./started-file.ts";

const never = new AbortController().signal;
const health = (isActive: () => boolean, trouble?: string) => ({ isActive, trouble: () => trouble });

async function place() {
  const folder = await mkdtemp(join(tmpdir(), "started-"));
  const remove = () => rm(folder, { recursive: true });
  return { file: join(folder, "nmi"), [Symbol.asyncDispose]: remove };
}

it("is not there from a start before, and comes once pods are served", async () => {
  await using at = await place();
  const clock = new FakeClock();
  await writeFile(at.file, "");
  let isActive = false;
  const file = await startedFile(at.file);
  expect(existsSync(at.file)).toBe(false);
  const stop = new AbortController();
  const told = file.tell(
    health(() => isActive),
    clock,
    stop.signal,
  );
  await clock.asleep();
  expect(existsSync(at.file)).toBe(false);
  isActive = true;
  clock.advance(1_000);
  await clock.asleep();
  expect(existsSync(at.file)).toBe(true);
  stop.abort();
  await told;
  expect(existsSync(at.file)).toBe(false);
});

it("says whether pods are served and why not, and how long the node was up when NMI last moved", async () => {
  await using at = await place();
  const [clock, stop] = [new FakeClock(), new AbortController()];
  let isActive = true;
  const told = (await startedFile(at.file)).tell(
    health(() => isActive, "the rules are gone"),
    clock,
    stop.signal,
  );
  const text = () => readFileSync(at.file, "utf8");
  const pass = async (ms: number) => {
    await clock.asleep();
    clock.advance(ms);
    await clock.asleep();
  };
  await clock.asleep();
  expect(text()).toMatch(/^\d+\nActive\n$/);
  expect(Math.abs(Number.parseInt(text(), 10) - uptime())).toBeLessThan(60);
  isActive = false;
  await pass(250);
  expect(text()).toMatch(/^\d+\nNot Active: the rules are gone\n$/);
  await writeFile(at.file, "old");
  await pass(4_000);
  expect(text()).toBe("old");
  await pass(1_000);
  expect(text()).toContain("the rules are gone");
  stop.abort();
  await told;
});

it("does not come any more once NMI is told to stop", async () => {
  await using at = await place();
  const [clock, stop] = [new FakeClock(), new AbortController()];
  const told = (await startedFile(at.file)).tell(
    health(() => false),
    clock,
    stop.signal,
  );
  await clock.asleep();
  stop.abort();
  await told;
  expect(existsSync(at.file)).toBe(false);
});

it("is nowhere where none is asked for", async () => {
  await expect(
    (await startedFile("")).tell(
      health(() => true),
      new FakeClock(),
      never,
    ),
  ).resolves.toBeUndefined();
});

it("that cannot be written is the user's to correct", async () => {
  await using at = await place();
  const file = await startedFile(join(at.file, "no-folder"));
  await expect(
    file.tell(
      health(() => true),
      new FakeClock(),
      never,
    ),
  ).rejects.toThrow(
    expect.objectContaining({ code: "FILE_UNWRITABLE", message: expect.stringContaining("--started-file") }),
  );
});

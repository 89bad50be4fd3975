import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { startedFile } from "./started-file.ts";

const never = new AbortController().signal;

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
  const told = file.tell(() => isActive, clock, never);
  await clock.asleep();
  expect(existsSync(at.file)).toBe(false);
  isActive = true;
  clock.advance(1_000);
  await told;
  expect(existsSync(at.file)).toBe(true);
});

it("does not come any more once NMI is told to stop", async () => {
  await using at = await place();
  const [clock, stop] = [new FakeClock(), new AbortController()];
  const told = (await startedFile(at.file)).tell(() => false, clock, stop.signal);
  await clock.asleep();
  stop.abort();
  await told;
  expect(existsSync(at.file)).toBe(false);
});

it("is nowhere where none is asked for", async () => {
  await expect((await startedFile("")).tell(() => true, new FakeClock(), never)).resolves.toBeUndefined();
});

it("that cannot be written is the user's to correct", async () => {
  await using at = await place();
  const file = await startedFile(join(at.file, "no-folder"));
  await expect(file.tell(() => true, new FakeClock(), never)).rejects.toThrow(
    expect.objectContaining({ code: "FILE_UNWRITABLE", message: expect.stringContaining("--started-file") }),
  );
});

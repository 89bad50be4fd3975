import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

const setup = join(import.meta.dirname, "setup.mjs");

/** Runs the set-up on this machine as it would look with a line of code run before. */
function setUpAfter(line: string) {
  const before = `data:text/javascript,${encodeURIComponent(line)}`;
  const { status, stderr } = spawnSync(process.execPath, ["--import", before, setup], { encoding: "utf8" });
  return { status, stderr };
}

const set = (name: string, value: string) => `Object.defineProperty(process, "${name}", { value: ${value} });`;

const lacks = `
import childProcess from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
childProcess.spawnSync = () => ({ status: 127, stderr: "node: error while loading shared libraries: libatomic.so.1: cannot open" });
syncBuiltinESMExports();`;

it.each([
  {
    lack: "Linux",
    line: set("platform", '"darwin"'),
    says: "this runs on Linux only (here: darwin); on Windows use WSL2, on macOS a Linux container",
  },
  {
    lack: "a known processor",
    line: set("arch", '"riscv64"'),
    says: "this runs on x64 and arm64 only (here: riscv64)",
  },
  {
    lack: "glibc",
    line: set("report", "{ getReport: () => ({ header: {} }) }"),
    says: "this needs glibc, and this machine has another C library (Alpine?); use a Debian-like system or container",
  },
  {
    lack: "libatomic",
    line: lacks,
    says: "the pinned Node needs libatomic.so.1; install it (Debian and Ubuntu: apt-get install libatomic1)",
  },
])("says in one line that the machine lacks $lack", ({ line, says }) => {
  expect(setUpAfter(line)).toEqual({ status: 3, stderr: `setup: ${says}\n` });
});

it("has nothing to say or do when all is in place", () => {
  expect(setUpAfter("")).toEqual({ status: 0, stderr: "" });
});

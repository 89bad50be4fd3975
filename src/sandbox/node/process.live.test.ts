import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { isRunning } from "../../../test/support/processes.ts";
import { eventually } from "../../../test/support/time/eventually.ts";
import { createLog } from "../../base/log.ts";
import { type Guard, startGuard } from "./guard.ts";
import { type ProcessOptions, startProcess } from "./process.ts";

vi.setConfig({ testTimeout: 60_000 });

let folder: string;
let guard: Guard;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "process-"));
  guard = await startGuard({ folder, log: createLog({ write: () => {} }) });
});
afterEach(() => guard[Symbol.asyncDispose]());

function start(script: string, over: Partial<ProcessOptions> = {}) {
  const args = ["-e", script];
  return startProcess({ file: process.execPath, args, env: {}, folder, logFile: logFile(), guard, ...over });
}
const logFile = () => join(folder, "log");
const printed = () => readFile(logFile(), "utf8");

it("gives the program its arguments and exactly its environment, and keeps what it prints", async () => {
  const script = `console.log(JSON.stringify([process.argv.slice(1), process.env])); console.error("on stderr")`;
  const { exited } = await start(script, {
    args: ["-e", script, "--", "a b", "$(c)", ""],
    env: { ONLY: "this one" },
  });

  expect(await exited).toBe(0);
  const [line = "", second] = (await printed()).split("\n");
  const [args, env] = JSON.parse(line);
  expect(args).toEqual(["a b", "$(c)", ""]);
  expect(env).toMatchObject({ ONLY: "this one" });
  const others = ["PWD", "OLDPWD", "SHLVL", "_", "AAD_POD_IDENTITY_SANDBOX"]; // of the shell and the guard
  expect(Object.keys(env).filter((name) => !others.includes(name))).toEqual(["ONLY"]);
  expect(second).toBe("on stderr");
});

it("does not start the program before the guard knows of it", async () => {
  let program = "";
  const add = async (pid: number) => {
    await eventually(() => readFile(`/proc/${pid}/stat`, "utf8")).toMatch(/\) S /); // it sleeps: it waits for something
    program = await readFile(`/proc/${pid}/cmdline`, "utf8");
    await guard.add(pid);
  };
  const running = await start("setInterval(() => {}, 1000)", { guard: { ...guard, add } });
  expect(program).toMatch(/^\/bin\/sh/);
  running.stop(0);
  await running.exited;
});

it("adds to the log of the run before", async () => {
  await (await start(`console.log("first")`)).exited;
  await (await start(`console.log("second")`)).exited;
  expect(await printed()).toBe("first\nsecond\n");
});

it.each([
  { ends: "with a code", script: "process.exit(7)", code: 7 },
  { ends: "by a signal", script: `process.kill(process.pid, "SIGKILL"); setInterval(() => {}, 1000)`, code: 137 },
])("tells the exit code of a program that ends $ends", async ({ script, code }) => {
  expect(await (await start(script)).exited).toBe(code);
});

it("ends with 127 when there is no such program, and says so in the log", async () => {
  const { exited } = await start("", { file: "/no/such/program" });
  expect(await exited).toBe(127);
  expect(await printed()).toMatch(/\/no\/such\/program.*not found/);
});

it("lets the program end by itself when it is told to", async () => {
  const running = await start(`
    process.on("SIGTERM", () => { console.log("ending"); process.exit(0); });
    setInterval(() => {}, 1000);
    console.log("ready");`);
  await eventually(printed).toContain("ready");
  running.stop(600_000);
  expect(await running.exited).toBe(0);
  expect(await printed()).toContain("ending");
});

it("kills a program that does not end within the grace period, and its children", async () => {
  const running = await start(`
    const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    process.on("SIGTERM", () => {});
    setInterval(() => {}, 1000);
    console.log(child.pid);`);
  await eventually(printed).toMatch(/\d+\n/);
  running.stop(600_000);
  running.stop(50); // shorter: this one counts
  expect(await running.exited).toBe(137);
  const child = Number(await printed());
  await eventually(() => isRunning(child)).toBe(false);
});

it("does not let children outlive the program", async () => {
  const { exited } = await start(`
    const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    child.on("spawn", () => { console.log(child.pid); process.exit(0); });`);
  expect(await exited).toBe(0);
  const child = Number(await printed());
  expect(child).toBeGreaterThan(1);
  await eventually(() => isRunning(child)).toBe(false);
});

it("does not let a child in a session of its own outlive the program, nor harm another program", async () => {
  const other = await start("setInterval(() => {}, 1000)", { logFile: "/dev/null" });
  const { exited } = await start(`
    const { spawn } = require("node:child_process");
    const child = spawn("/bin/sh", ["-c", "sleep 600 & sleep 601"], { detached: true });
    child.on("spawn", () => { console.log(child.pid); process.exit(0); });`);
  expect(await exited).toBe(0);
  const child = Number(await printed());
  expect(child).toBeGreaterThan(1);
  await eventually(() => isRunning(child)).toBe(false);
  expect(isRunning(other.pid)).toBe(true);
  other.stop(0);
  await other.exited;
});

it("refuses a folder for the log that is not there", async () => {
  await expect(start("", { logFile: join(folder, "no", "log") })).rejects.toThrow("ENOENT");
});

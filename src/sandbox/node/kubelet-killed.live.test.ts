import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { it, vi } from "vitest";
import { RawKube } from "../../../test/support/kube/raw-kube.ts";
import { descendants, isRunning } from "../../../test/support/processes.ts";
import { eventually } from "../../../test/support/time/eventually.ts";
import { startKubeApi } from "../kube-api/server.ts";

vi.setConfig({ testTimeout: 60_000 });

const HOLDER = fileURLToPath(new URL("../../../test/support/hold-node.ts", import.meta.url));
// It ignores what can be ignored, and so do its children, of which one is in a session of its own.
const STUBBORN = `
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => {});
  setInterval(() => {}, 1000);
  if (process.argv[1] !== "child") {
    const { spawn } = require("node:child_process");
    for (const detached of [false, true]) spawn(process.execPath, [...process.execArgv, "child"], { detached });
  }`;

it("leaves no process and no folder when its own process is killed", async () => {
  await using api = await startKubeApi();
  const kube = new RawKube(api.url);
  const holder = spawn(process.execPath, [HOLDER, api.url], { detached: true, stdio: ["ignore", "pipe", "inherit"] });
  const holderPid = holder.pid as number;
  try {
    const [printed] = await once(holder.stdout, "data");
    await kube.createPod("first", STUBBORN);
    await kube.createPod("second", STUBBORN);
    await eventually(() => descendants(holderPid).length).toBe(7); // the guard, two pods and two children of each
    const left = descendants(holderPid);

    process.kill(-holderPid, "SIGKILL"); // its whole group, as a terminal or a CI runner may do
    await eventually(() => left.filter(isRunning)).toEqual([]);
    await eventually(() => existsSync(String(printed).trim())).toBe(false);
  } finally {
    holder.kill("SIGKILL");
  }
});

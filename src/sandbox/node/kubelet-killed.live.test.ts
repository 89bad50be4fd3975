import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { it, vi } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { descendants, isRunning } from "../../../test/support/processes.ts";
import { RawKube } from "../../../test/support/raw-kube.ts";
import { startKubeApi } from "../kube-api/server.ts";

vi.setConfig({ testTimeout: 60_000 });

const HOLDER = fileURLToPath(new URL("../../../test/support/hold-node.ts", import.meta.url));
// It ignores what can be ignored, and so does its child.
const STUBBORN = `
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => {});
  setInterval(() => {}, 1000);
  if (process.argv[1] !== "child") {
    require("node:child_process").spawn(process.execPath, [...process.execArgv, "child"]);
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
    await eventually(() => descendants(holderPid).length).toBe(5); // the guard, two pods and a child of each
    const left = descendants(holderPid);

    process.kill(-holderPid, "SIGKILL"); // its whole group, as a terminal or a CI runner may do
    await eventually(() => left.filter(isRunning)).toEqual([]);
    await eventually(() => existsSync(String(printed).trim())).toBe(false);
  } finally {
    holder.kill("SIGKILL");
  }
});

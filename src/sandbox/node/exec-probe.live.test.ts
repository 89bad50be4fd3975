import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { createLog } from "../../base/log.ts";
import { askCommand } from "./exec-probe.ts";
import { startGuard } from "./guard.ts";

vi.setConfig({ testTimeout: 60_000 });

it.each([
  { when: "it went well", script: "echo fine", said: "" },
  { when: "it printed nothing", script: "exit 3", said: "the command ended with 3" },
  { when: "it printed more than is told", script: "printf %020000d 0; exit 1", said: "0".repeat(10 * 1024) },
])("tells of a command what it printed, up to a kubelet's 10 KB, when $when", async ({ script, said }) => {
  const folder = await mkdtemp(join(tmpdir(), "exec-probe-"));
  await using guard = await startGuard({ folder, log: createLog({ write: () => {} }) });
  const command = { file: "/bin/sh", args: ["-c", script], env: {}, folder, logFile: join(folder, "log"), guard };
  expect(await askCommand(command, 30_000)).toBe(said);
});

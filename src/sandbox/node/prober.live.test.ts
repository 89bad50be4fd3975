import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { eventually } from "../../../test/support/time/eventually.ts";
import { createLog } from "../../base/log.ts";
import { startGuard } from "./guard.ts";
import { machineEntry } from "./pod-network.ts";
import { Prober } from "./prober.ts";

vi.setConfig({ testTimeout: 60_000 });

let stack: AsyncDisposableStack;
let prober: Prober;
let port: number;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "prober-"));
  const guard = stack.use(await startGuard({ folder, log: createLog({ write: () => {} }) }));
  prober = stack.use(new Prober(machineEntry, guard));
  const server = createServer(({ url }, answer) => {
    answer.writeHead(Number(url?.slice(1)), { location: "/500" }).end("so");
  });
  stack.defer(() => void server.close());
  await once(server.listen(0, "127.0.0.1"), "listening");
  port = (server.address() as AddressInfo).port;
});
afterEach(() => stack.disposeAsync());

const ask = (status: number) =>
  prober.knock({ host: "127.0.0.1", port, url: `http://127.0.0.1:${port}/${status}`, timeoutMs: 20_000 });

it("takes answers from 200 to 399 for good ones, and follows none elsewhere", async () => {
  const said = await Promise.all([200, 204, 302, 399, 400, 500].map(ask));
  const bad = (status: number) => `HTTP probe failed with statuscode: ${status}: so`;
  expect(said).toEqual(["", "", "", "", bad(400), bad(500)]);
});

it("says what it was told where nobody listens", async () => {
  const { port: free } = await new Promise<AddressInfo>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const at = server.address() as AddressInfo;
      server.close(() => resolve(at));
    });
  });
  const said = await prober.knock({ host: "127.0.0.1", port: free, timeoutMs: 20_000 });
  expect(said).toContain("ECONNREFUSED");
});

it("starts another prober when one ends before the guard knows of it", async () => {
  const pids: number[] = [];
  const add = async (pid: number) => {
    if (pids.push(pid) > 1) return;
    process.kill(pid, "SIGKILL");
    await eventually(() => existsSync(`/proc/${pid}`)).toBe(false);
  };
  await using hasty = new Prober(machineEntry, { add, remove: async () => {} });
  const knock = () => hasty.knock({ host: "127.0.0.1", port, timeoutMs: 20_000 });
  await expect(knock()).rejects.toThrow("the prober has ended");
  expect(await knock()).toBe("");
});

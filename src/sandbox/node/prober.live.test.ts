import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
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

it("says in a kubelet's words that nobody listens", async () => {
  const { port: free } = await new Promise<AddressInfo>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const at = server.address() as AddressInfo;
      server.close(() => resolve(at));
    });
  });
  const knock = { host: "127.0.0.1", port: free, timeoutMs: 20_000 };
  const refused = `dial tcp 127.0.0.1:${free}: connect: connection refused`;
  expect(await prober.knock(knock)).toBe(refused);
  const url = `http://127.0.0.1:${free}/x`;
  expect(await prober.knock({ ...knock, url })).toBe(`Get "${url}": ${refused}`);
});

it("says in a kubelet's words that nobody answers, or hangs up", async () => {
  const silent = createTcpServer((socket) => socket.once("data", (data) => `${data}`.includes("/end") && socket.end()));
  stack.defer(() => void silent.close());
  await once(silent.listen(0, "127.0.0.1"), "listening");
  const { port: own } = silent.address() as AddressInfo;
  const url = `http://127.0.0.1:${own}`;
  const knock = { host: "127.0.0.1", port: own, timeoutMs: 20_000 };
  expect(await prober.knock({ ...knock, url: `${url}/end` })).toBe(`Get "${url}/end": EOF`);
  const late = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
  expect(await prober.knock({ ...knock, url: `${url}/x`, timeoutMs: 50 })).toBe(`Get "${url}/x": ${late}`);
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

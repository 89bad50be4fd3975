import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { namespacesMissing } from "../../../test/support/namespaces.ts";
import { descendants } from "../../../test/support/processes.ts";
import { createLog } from "../../base/log.ts";
import { PATH } from "../node/environment.ts";
import { startGuard } from "../node/guard.ts";
import type { PodEntry } from "../node/pod-network.ts";
import type { ClusterNetwork, Served } from "./cluster-network.ts";
import { startNamespaces } from "./namespaces.ts";
import { findTools, type Tools } from "./tools.ts";

vi.setConfig({ testTimeout: 60_000 });

const missing = namespacesMissing();
const run = promisify(execFile);
const METADATA = "http://169.254.169.254/";
const ASK = `fetch(process.argv[1]).then((answer) => answer.text(), ({ cause }) => cause.code).then((it) => console.log(it))`;

let stack: AsyncDisposableStack;
let network: ClusterNetwork;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  if (missing !== undefined) return;
  const folder = await mkdtemp(join(tmpdir(), "sandbox-network-"));
  const guard = stack.use(await startGuard({ folder, log: createLog({ write: () => {} }) }));
  network = stack.use(await startNamespaces({ tools: findTools(PATH) as Tools, guard, folder }));
});
afterEach(() => stack.disposeAsync());

/** Serves a word on this machine's loopback. */
async function answering(word: string): Promise<Served> {
  const server = createServer((_, response) => response.end(word));
  stack.defer(() => void server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, take: (socket) => void server.emit("connection", socket) };
}

async function nodeWithPod(word: string) {
  const node = await network.addNode();
  await node.connectImds(await answering(word));
  const address = node.addresses.allocate();
  const pod = stack.use(await node.network.attach(address, {}));
  return { node, pod, address };
}

async function ask(from: PodEntry, url: string): Promise<string> {
  const { file, args } = from.enter({ file: process.execPath, args: ["-e", ASK, url] });
  return (await run(file, args)).stdout.trim();
}

describe.skipIf(missing !== undefined)(`a network in namespaces${missing ? ` (skipped: ${missing})` : ""}`, () => {
  it("has one metadata address, at which each node and its pods find their own machine's", async () => {
    const [one, two] = [await nodeWithPod("machine 0"), await nodeWithPod("machine 1")];
    expect(await ask(one.pod, METADATA)).toBe("machine 0");
    expect(await ask(two.pod, METADATA)).toBe("machine 1");
    expect(await ask(two.node.network.own, METADATA)).toBe("machine 1");
    expect(await ask((await network.addNode()).network.own, METADATA)).toBe("ECONNRESET"); // a machine without IMDS
  });

  it("lets pods reach what is published, and nothing else of this machine", async () => {
    const { pod } = await nodeWithPod("machine");
    const served = await answering("published");
    const at = await network.publish(served);
    const others = await Promise.all([1, 2, 3].map(async (one) => network.publish(await answering(`other ${one}`))));
    expect(await ask(pod, `http://${at.host}:${at.port}/`)).toBe("published");
    expect(await ask(pod, `http://${at.host}:${others[2]?.port}/`)).toBe("other 3");
    expect(await ask(pod, served.url)).toBe("ECONNREFUSED");
    expect(await ask(pod, served.url.replace("127.0.0.1", at.host))).toBe("ECONNREFUSED");
  });

  it("connects pods of different nodes by their addresses", async () => {
    const [one, two] = [await nodeWithPod("machine 0"), await nodeWithPod("machine 1")];
    const serve = `require("http").createServer(({ socket }, answer) => answer.end(socket.remoteAddress)).listen(8000, "0.0.0.0", () => console.log("on"))`;
    const { file, args } = two.pod.enter({ file: process.execPath, args: ["-e", serve] });
    const child = execFile(file, args);
    stack.defer(() => void child.kill());
    await once(child.stdout as NonNullable<typeof child.stdout>, "data");
    expect(await ask(one.pod, `http://${two.address}:8000/`)).toBe(one.address);
  });

  it("has rules of its own, which this machine's are not", async () => {
    const { node, pod } = await nodeWithPod("machine");
    const rule = ["-w", "-I", "FORWARD", "-d", "169.254.169.254/32", "-j", "REJECT"];
    const { file, args } = node.network.own.enter({ file: "iptables", args: rule });
    await run(file, args, { env: { PATH, ...node.network.own.variables } });
    expect(await ask(pod, METADATA)).toBe("ECONNREFUSED");
    expect(await ask(node.network.own, METADATA)).toBe("machine");
    const own = await run("iptables-save", []).catch(() => ({ stdout: "" })); // only root may ask
    expect(own.stdout).not.toContain("-A FORWARD -d 169.254.169.254/32 -j REJECT");
  });

  it("says whether NMI's port is served on a node", async () => {
    const { node } = await nodeWithPod("machine");
    expect(await node.isServed()).toBe(false);
    const serve = `require("net").createServer().listen(2579, "127.0.0.1", () => console.log("on"))`;
    const { file, args } = node.network.own.enter({ file: process.execPath, args: ["-e", serve] });
    const child = execFile(file, args);
    stack.defer(() => void child.kill());
    await once(child.stdout as NonNullable<typeof child.stdout>, "data");
    expect(await node.isServed()).toBe(true);
  });

  it("says that a process which kept a network was killed, and lets nobody in any more", async () => {
    const { node, pod } = await nodeWithPod("machine");
    const program = { file: "true", args: [] };
    const kill = ({ enter }: PodEntry) => process.kill(Number(enter(program).args[1]), "SIGKILL");
    kill(pod);
    await pod.lost;
    expect(() => pod.enter(program)).toThrow(/^the network is gone, as the process that kept it \(\d+\) has ended$/);
    kill(node.network.own);
    expect(await node.network.lost).toMatch(/^the process \d+, which kept the network of the node,$/);
    await expect(node.network.attach(node.addresses.allocate(), {})).rejects.toThrow("the network is gone");
    expect(await node.isServed()).toBe(false);
  });

  it("ends with its pods, nodes and router, and leaves no process", async () => {
    const before = descendants(process.pid).length;
    const { pod } = await nodeWithPod("machine");
    expect(descendants(process.pid).length).toBe(before + 2);
    await pod[Symbol.asyncDispose]();
    expect(descendants(process.pid).length).toBe(before + 1);
    await network[Symbol.asyncDispose]();
    expect(descendants(process.pid).length).toBe(before - 1);
  });
});

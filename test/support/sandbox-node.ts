import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "../../src/base/log.ts";
import { type AddressPool, takeAddresses } from "../../src/sandbox/node/addresses.ts";
import { startGuard } from "../../src/sandbox/node/guard.ts";
import { type Kubelet, type KubeletOptions, startKubelet } from "../../src/sandbox/node/kubelet.ts";

export type TestNode = AsyncDisposable & {
  readonly kubelet: Kubelet;
  readonly folder: string;
  readonly addresses: AddressPool;
  readonly address: string;
};

/** The image `script` runs the JavaScript that is the first argument of the container. */
const scripts = new Map([["script", { file: process.execPath, args: ["-e"] }]]);

/** A node `node-0` that runs pods of image `script`, with a guard and a folder of its own. */
export async function startTestNode(server: string, over: Partial<KubeletOptions> = {}): Promise<TestNode> {
  const log = createLog({ write: () => {} });
  const stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "sandbox-node-"));
  const guard = stack.use(await startGuard({ folder, log }));
  const addresses = stack.use(await takeAddresses());
  const address = addresses.allocate();
  const node = { name: "node-0", providerId: "azure:///subscriptions/s/vm-0", address };
  const parts = { access: { server }, node, programs: scripts, addresses, folder, guard, log };
  const kubelet = stack.use(await startKubelet({ ...parts, ...over }));
  return { kubelet, folder, addresses, address, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

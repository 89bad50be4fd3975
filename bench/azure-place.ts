import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startArm } from "../src/sandbox/azure/arm.ts";
import { startEntra } from "../src/sandbox/azure/entra.ts";
import { createWorld, type World } from "../src/sandbox/azure/world.ts";
import { createAuthority } from "../src/sandbox/certificates.ts";
import { writeCloudFiles } from "../src/sandbox/files.ts";

export const RESOURCE_GROUP = "MC_bench";

export type AzurePlace = AsyncDisposable & {
  readonly world: World;
  /** Where more files may be put. */
  readonly folder: string;
  /** azure.json */
  readonly cloudConfig: string;
  /** Variables by which programs, of Node and of Go, find and trust this Azure. */
  readonly env: Readonly<Record<string, string>>;
};

/** An Azure in this process, over https, whose changes of machines take their time. */
export async function startAzure(operationMs: number): Promise<AzurePlace> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "mic-bench-"));
  stack.defer(() => rm(folder, { recursive: true }));
  const authority = await createAuthority();
  const tls = await authority.serverCertificate();
  const world = await createWorld();
  const arm = stack.use(await startArm({ world, tls, operationMs }));
  const entra = stack.use(await startEntra({ world, tls }));
  const urls = { armUrl: arm.url, entraUrl: entra.url };
  const mic = world.createServicePrincipal();
  const { cloudConfig, environment } = await writeCloudFiles(folder, { world, mic, ...urls }, RESOURCE_GROUP);
  const ca = join(folder, "ca.pem");
  await writeFile(ca, authority.caPem);
  const env = { AZURE_ENVIRONMENT_FILEPATH: environment, NODE_EXTRA_CA_CERTS: ca, SSL_CERT_FILE: ca };
  const all = stack.move();
  return { world, folder, cloudConfig, env, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

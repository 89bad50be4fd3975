import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startArm } from "../../../src/sandbox/azure/arm.ts";
import { startEntra } from "../../../src/sandbox/azure/entra.ts";
import { createWorld } from "../../../src/sandbox/azure/world.ts";
import { createAuthority } from "../../../src/sandbox/certificates.ts";
import type { Env } from "../mic/process.ts";

/** ARM and Entra ID in this process, and the files with which MIC finds them. */
export async function micAzure({ operationMs = 50 }: { readonly operationMs?: number } = {}) {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "mic-"));
  stack.defer(() => rm(folder, { recursive: true }));
  const authority = await createAuthority();
  const tls = await authority.serverCertificate();
  const world = await createWorld();
  const arm = stack.use(await startArm({ world, tls, operationMs }));
  const entra = stack.use(await startEntra({ world, tls }));
  const { tenant, clientId, secret } = world.createServicePrincipal();
  const cloudConfig = {
    cloud: "AzureStackCloud",
    tenantId: tenant,
    aadClientId: clientId,
    aadClientSecret: secret,
    subscriptionId: world.subscription,
    resourceGroup: "rg",
  };
  const endpoints = { resourceManagerEndpoint: `${arm.url}/`, activeDirectoryEndpoint: `${entra.url}/` };
  const write = async (name: string, text: string) => {
    const file = join(folder, name);
    await writeFile(file, text);
    return file;
  };
  const env: Env = {
    NODE_EXTRA_CA_CERTS: await write("ca.pem", authority.caPem),
    AZURE_ENVIRONMENT_FILEPATH: await write("environment.json", JSON.stringify(endpoints)),
  };
  const azureJson = await write("azure.json", JSON.stringify(cloudConfig));
  const cleanUp = stack.move();
  return {
    world,
    tls,
    /** What MIC's environment holds of Azure. */
    env,
    /** The path of azure.json. */
    azureJson,
    /** A file of endpoints that differ so; gives its path. */
    endpointsWith: (over: object) => write(`${crypto.randomUUID()}.json`, JSON.stringify({ ...endpoints, ...over })),
    /** Writes a file that is gone at the end; gives its path. */
    write,
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ServicePrincipal } from "./azure/service-principals.ts";
import type { World } from "./azure/world.ts";

/** Files that MIC, NMI and people read in a sandbox; all in its temporary folder, readable by their owner only. */
export type SandboxFiles = {
  readonly kubeconfig: string;
  /** The authority's certificate, for NODE_EXTRA_CA_CERTS. */
  readonly ca: string;
  readonly cloudConfig: string;
  /** Endpoints of the emulators, for AZURE_ENVIRONMENT_FILEPATH. */
  readonly environment: string;
};

const OWNER_ONLY = { mode: 0o600 };

export type TokenAccess = {
  readonly server: string;
  /** Empty where the server needs none. */
  readonly caPem: string;
  readonly token: string;
  readonly user: string;
};

/** Writes a kubeconfig for a bearer token; the result is the file. */
export async function writeKubeconfig(file: string, { server, caPem, token, user }: TokenAccess): Promise<string> {
  const ca = caPem === "" ? {} : { "certificate-authority-data": Buffer.from(caPem).toString("base64") };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "sandbox", cluster: { server, ...ca } }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: "sandbox", context: { cluster: "sandbox", user } }],
    "current-context": "sandbox",
  };
  await writeFile(file, JSON.stringify(config, null, 2), OWNER_ONLY);
  return file;
}

/** azure.json and the endpoints file that it leads to, as on a cluster in a cloud of its own. */
export async function writeCloudFiles(
  folder: string,
  { world, mic, armUrl, entraUrl }: { world: World; mic: ServicePrincipal; armUrl: string; entraUrl: string },
  resourceGroup: string,
): Promise<Pick<SandboxFiles, "cloudConfig" | "environment">> {
  const cloudConfig = join(folder, "azure.json");
  const environment = join(folder, "environment.json");
  const azureJson = {
    cloud: "AzureStackCloud",
    tenantId: mic.tenant,
    aadClientId: mic.clientId,
    aadClientSecret: mic.secret,
    subscriptionId: world.subscription,
    resourceGroup,
  };
  const endpoints = { resourceManagerEndpoint: `${armUrl}/`, activeDirectoryEndpoint: `${entraUrl}/` };
  await writeFile(cloudConfig, JSON.stringify(azureJson, null, 2), OWNER_ONLY);
  await writeFile(environment, JSON.stringify(endpoints, null, 2), OWNER_ONLY);
  return { cloudConfig, environment };
}

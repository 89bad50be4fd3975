import type { TokenCredential } from "@azure/identity";
import { type CloudConfig, type Environment, loadCloudConfig, type Surroundings } from "./cloud-config.ts";
import { type Cloud, findCloud } from "./clouds.ts";
import { type CredentialOptions, createCredential } from "./credentials.ts";

/** What ARM is called with; another object after each reload, so that calls under way end with what they began with. */
export type AzureAccess = {
  readonly config: CloudConfig;
  readonly cloud: Cloud;
  /** Made when first asked for, and once. */
  readonly credential: () => Promise<TokenCredential>;
};
export type AccessSource = {
  /** The path of azure.json; empty: the environment takes its place. */
  readonly file: string;
  readonly env: Environment;
};

/**
 * Reads all that says where Azure is and how MIC signs in there.
 * @throws Fault CLOUD_CONFIG_INVALID, FILE_UNREADABLE or FILE_INVALID
 */
export async function loadAzureAccess(
  { file, env }: AccessSource,
  surroundings: Surroundings,
  options: CredentialOptions,
): Promise<AzureAccess> {
  const config = await loadCloudConfig(file, env, surroundings);
  const cloud = await findCloud(config.cloud, env.AZURE_ENVIRONMENT_FILEPATH, surroundings.read);
  let made: Promise<TokenCredential> | undefined;
  const credential = () => {
    made ??= createCredential(config, cloud, { imds: env.AZURE_POD_IDENTITY_AUTHORITY_HOST, ...options });
    return made;
  };
  return { config, cloud, credential };
}

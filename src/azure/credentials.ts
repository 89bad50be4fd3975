import type { TokenCredential } from "@azure/identity";
import { redactClientId } from "../base/secret.ts";
import type { CloudConfig } from "./cloud-config.ts";
import type { Cloud } from "./clouds.ts";

/** The credential that MIC signs in to Azure with; no token is fetched before the first call to Azure. */
export async function createCredential(
  { tenantId, signIn }: CloudConfig,
  cloud: Cloud,
  options: { readonly ca?: string } = {},
): Promise<TokenCredential> {
  // Loaded here, since a standby needs none of it.
  const { ClientSecretCredential, ManagedIdentityCredential } = await import("@azure/identity");
  if (signIn.kind === "managed-identity") {
    return signIn.clientId === ""
      ? new ManagedIdentityCredential()
      : new ManagedIdentityCredential({ clientId: signIn.clientId });
  }
  return new ClientSecretCredential(tenantId, signIn.clientId, signIn.secret.reveal(), {
    authorityHost: cloud.activeDirectory,
    // The authority is what the administrator configured; asking Microsoft about it fails in clouds of one's own.
    disableInstanceDiscovery: true,
    ...(options.ca === undefined ? {} : { tlsOptions: { ca: options.ca } }),
  });
}

/** The sentence with which the original told how it signs in. */
export function signInSummary({ signIn }: CloudConfig): string {
  if (signIn.kind === "secret")
    return `MIC using service principal: ${redactClientId(signIn.clientId)} for authentication.`;
  if (signIn.clientId === "") return "MIC using system assigned identity for authentication.";
  return `MIC using user assigned identity: ${redactClientId(signIn.clientId)} for authentication.`;
}

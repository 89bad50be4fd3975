import type { Kind } from "../../../src/api/kinds.ts";
import type { KubeClient } from "../../../src/kube/client.ts";
import { type Manifest, rbacKinds } from "./rbac.ts";

/** What a program of ours may do on a real API server, as the manifests say it, and how it signs in there. */

const never = new AbortController().signal;

/** Creates what a file with permissions holds. */
export async function applyManifests(client: KubeClient, manifests: readonly Manifest[]): Promise<void> {
  for (const manifest of manifests) {
    const kind = rbacKinds[manifest.kind];
    if (kind === undefined) throw new Error(`nothing here knows how to create a ${manifest.kind}`);
    await client.create(kind, manifest.metadata.namespace ?? "", manifest, never);
  }
}

/** A token as a pod with the account gets it. */
export async function accountToken(
  client: KubeClient,
  account: { readonly namespace: string; readonly name: string },
): Promise<string> {
  const plural = `serviceaccounts/${account.name}/token`;
  const kind: Kind = { group: "", version: "v1", plural, kind: "TokenRequest", isNamespaced: true };
  const asked = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 7_200 } };
  const { status } = (await client.create(kind, account.namespace, asked, never)) as { status: { token: string } };
  return status.token;
}

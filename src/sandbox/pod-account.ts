import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Pod } from "kubernetes-types/core/v1.d.ts";
import { writeKubeconfig } from "./files.ts";
import { type KubeAccess, NodeApi } from "./node/api.ts";
import type { Variables } from "./node/environment.ts";

/**
 * Lets the pods of a node reach the API server as their service accounts: with a token of their own, bound to the pod, in a
 * kubeconfig that `KUBECONFIG` names. In a cluster it would be mounted below /var/run/secrets.
 */
export class PodAccounts implements AsyncDisposable {
  readonly #podAccess: KubeAccess;
  readonly #folder: string;
  readonly #api: NodeApi;

  /** Pods may find the API server elsewhere than this process does. */
  constructor(
    { access, podAccess }: { readonly access: KubeAccess; readonly podAccess: KubeAccess },
    folder: string,
    node: string,
  ) {
    this.#podAccess = podAccess;
    this.#folder = join(folder, "accounts");
    this.#api = new NodeApi(access, node);
  }

  /** Nothing for a pod that wants no token, or whose account is not there. @throws Fault KUBE_* */
  async variables(pod: Pod, signal: AbortSignal): Promise<Variables> {
    if (pod.spec?.automountServiceAccountToken === false) return {};
    const token = await this.#api.requestToken(pod, signal);
    if (token === undefined) return {};
    const { server, ca } = this.#podAccess;
    const user = pod.spec?.serviceAccountName ?? "default";
    await mkdir(this.#folder, { recursive: true });
    const file = join(this.#folder, `${pod.metadata?.uid}.kubeconfig`);
    return { KUBECONFIG: await writeKubeconfig(file, { server, caPem: ca ?? "", token, user }) };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#api[Symbol.asyncDispose]();
  }
}

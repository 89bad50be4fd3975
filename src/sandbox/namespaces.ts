import { type KubeAccess, NodeApi } from "./node/api.ts";

const CALL_MS = 10_000;

/** Makes namespaces that are not there; disposing takes those away again, which matters in a cluster of the user's own. */
export async function makeNamespaces(access: KubeAccess, names: readonly string[]): Promise<AsyncDisposable> {
  const api = new NodeApi(access, "");
  const made: string[] = [];
  for (const name of names) if (await api.makeNamespace(name, AbortSignal.timeout(CALL_MS))) made.push(name);
  return {
    [Symbol.asyncDispose]: async () => {
      // Nobody waits for them: an API server of the sandbox's own is going as well.
      for (const name of made) await api.removeNamespace(name, AbortSignal.timeout(CALL_MS)).catch(() => {});
      await api[Symbol.asyncDispose]();
    },
  };
}

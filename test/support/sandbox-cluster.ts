import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { type Kind, kinds } from "../../src/api/kinds.ts";
import { createLog } from "../../src/base/log.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { loadAccess } from "../../src/kube/kubeconfig.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/compose.ts";
import { applyManifests } from "./kube/account-access.ts";
import { readManifests } from "./kube/rbac.ts";

const root = join(import.meta.dirname, "../..");
const silent = createLog({ write: () => {} });

/** A sandbox in which the built MIC and NMI run, and a client for it. */
export type SandboxCluster = AsyncDisposable & {
  readonly sandbox: Sandbox;
  readonly client: KubeClient;
  create(kind: Kind, object: object): Promise<unknown>;
  /** What a pod's container has printed. */
  logOf(pod: string): Promise<string>;
};

export async function startSandboxCluster(): Promise<SandboxCluster> {
  const stack = new AsyncDisposableStack();
  const programs = new Map(["mic", "nmi", "demo"].map((name) => [name, { file: join(root, "bin", name) }]));
  const sandbox = stack.use(await startSandbox({ programs, log: silent }));
  const access = await loadAccess(sandbox.kubeconfig, {});
  const client = stack.use(new KubeClient(access, { userAgent: "test", log: silent }));
  const create = (kind: Kind, object: object) =>
    client.create(kind, kind.isNamespaced ? "default" : "", object, AbortSignal.timeout(30_000));
  const crds = await readFile(join(root, "charts/aad-pod-identity/crds/crd.yaml"), "utf8");
  for (const document of parseAllDocuments(crds)) await create(kinds.crd, document.toJS());
  for (const program of ["mic", "nmi"]) {
    await applyManifests(client, await readManifests(join(root, `deploy/infra/${program}-rbac.yaml`)));
  }
  for (const manifest of sandbox.manifests) await create(kinds.pod, manifest);
  return {
    sandbox,
    client,
    create,
    logOf: (pod) => readFile(sandbox.logOf("default", pod) ?? "", "utf8").catch(() => ""),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
